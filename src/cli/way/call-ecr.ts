import { z } from 'zod';
import { signRequest } from '../../aws/sigv4/sign-request.ts';
import type { ServerAccess } from '../../config/server-access.ts';
import type { Clock } from '../../model/clock.ts';
import { asServerError, refusalIn, strangeAnswer } from '../client/server-error.ts';
import { type Answered, ask } from './ask.ts';
import type { Password } from './password-cache.ts';

/**
 * Calls an operation of ECR's API.
 *
 * @throws Unanswered
 */
export function callEcr(access: ServerAccess, clock: Clock, operation: string, input: object): Promise<Answered> {
  const { endpoint, ...keys } = access;
  const body = Buffer.from(JSON.stringify(input));
  const headers = {
    host: new URL(endpoint).host,
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `AmazonEC2ContainerRegistry_V20150921.${operation}`,
  };
  const signed = signRequest(
    { method: 'POST', target: '/', headers, body },
    { ...keys, service: 'ecr', at: clock.now() },
  );
  return ask(endpoint, { method: 'POST', target: '/', headers: signed, body });
}

const shape = z.object({
  authorizationData: z.tuple([z.object({ authorizationToken: z.string(), expiresAt: z.number() })], z.unknown()),
});

/**
 * A fresh password for the registry of the key and the region.
 *
 * @throws ServerError for a refusal and for an answer that is not ECR's, Unanswered
 */
export async function fetchPassword(access: ServerAccess, clock: Clock): Promise<Password> {
  const { status, document } = await callEcr(access, clock, 'GetAuthorizationToken', {});
  const read = shape.safeParse(document);
  if (status === 200 && read.success) {
    const [{ authorizationToken, expiresAt }] = read.data.authorizationData;
    const [username = '', secret = ''] = Buffer.from(authorizationToken, 'base64').toString('utf8').split(':');
    if (username !== '' && secret !== '') return { username, secret, expiresAt: expiresAt * 1000 };
  }
  const refusal = refusalIn(document);
  throw refusal === undefined ? strangeAnswer(access.endpoint, status) : asServerError(refusal, access.endpoint);
}

/** How registry clients say a password. */
export function loginHeader({ username, secret }: Password): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}` };
}

/** @throws Unanswered */
export function askWithPassword(endpoint: string, password: Password, target: string): Promise<Answered> {
  return ask(endpoint, { target, headers: loginHeader(password) });
}

import type { FastifyRequest } from 'fastify';
import { readJsonBody } from '../aws/json/read-json-body.ts';
import { admit, type VerifiedCaller } from '../aws/sigv4/verify.ts';
import { annotate } from '../http/access-log.ts';
import { readBody } from '../http/read-body.ts';
import { Fault } from '../model/fault.ts';
import type { AdminEdge } from './admin-edge.ts';
import type { Answer, Call } from './call.ts';
import { endpointsAt, PREFIX, ROUTES } from './routes.ts';

const MAX_BODY_BYTES = 1024 * 1024;

/** A method that a path does not have. */
export class MethodRefusal extends Fault<'Unsupported'> {
  /** For the header `Allow`. */
  readonly allow: string;

  constructor(method: string, allow: string) {
    super('Unsupported', { reason: `This path takes ${allow}, not ${method.slice(0, 20)}` });
    this.allow = allow;
  }
}

/**
 * Answers one request. In this order, and nothing is done before all of it holds: the head of the signature, the body within
 * its limit, the signature over it, the path, the method, the input, the permission.
 *
 * @throws Fault for every refusal that the caller may read
 */
export async function answerRequest(edge: AdminEdge, request: FastifyRequest): Promise<Answer> {
  const { method = '', url = '', rawHeaders } = request.raw;
  const pending = admit({ method, target: url, rawHeaders }, edge.verifier);
  const body = await readBody(request.raw, { limit: MAX_BODY_BYTES });
  const call = callOf(request, pending.verify(body));
  const [path = '', query = ''] = splitAtFirst(url, '?');
  const endpoints = endpointsAt(path);
  if (endpoints === undefined) {
    const served = Object.keys(ROUTES).map((name) => PREFIX + name);
    throw new Fault('UnknownOperation', { reason: `Nothing is served at this path. There are ${served.join(', ')}` });
  }
  const endpoint = Object.hasOwn(endpoints, method) ? endpoints[method] : undefined;
  if (endpoint === undefined) throw new MethodRefusal(method, Object.keys(endpoints).join(', '));
  return endpoint(edge, { ...call, input: method === 'GET' ? readQuery(query, body) : readMembers(query, body) });
}

function readQuery(query: string, body: Uint8Array): object {
  if (body.byteLength > 0) throw new Fault('MalformedRequest', { reason: 'A GET has no body here' });
  const parameters = [...new URLSearchParams(query)];
  const members = new Map(parameters);
  if (members.size < parameters.length) {
    throw new Fault('MalformedRequest', { reason: 'A query parameter is there more than once' });
  }
  return Object.fromEntries(members);
}

function readMembers(query: string, body: Uint8Array): object {
  if (query !== '') throw new Fault('MalformedRequest', { reason: 'What to do stands in the body, not in the query' });
  return readJsonBody(body);
}

function splitAtFirst(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function callOf(request: FastifyRequest, { accountId, region }: VerifiedCaller): Omit<Call, 'input'> {
  annotate(request, { account: accountId, region });
  return {
    registry: { id: accountId, region },
    principal: { arn: `arn:aws:iam::${accountId}:root`, accountId },
    annotate: (more) => annotate(request, more),
    onError: (error) => request.log.error({ err: error }, 'unexpected error'),
  };
}

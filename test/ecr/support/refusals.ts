import { ECRServiceException } from '@aws-sdk/client-ecr';
import { expect } from 'vitest';
import { ACCOUNT, CONTENT_TYPE, type RawAnswer } from './ecr-server.ts';

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What the SDK's user sees of a refusal. */
export interface Refusal {
  readonly name: string;
  readonly message: string;
}

/** The exception that the call ends with. Anything else, success or a status other than 400, fails the test. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => new Error('the call succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ECRServiceException)) throw error;
  if (error.$metadata.httpStatusCode !== 400 || error.$metadata.requestId === undefined) throw error;
  return { name: error.name, message: error.message };
}

/** The body of a refusal as it was on the wire: 400, with a request id, in the type that the SDK expects. */
export function refusalIn(answer: RawAnswer): { readonly __type: string; readonly message: string } {
  expect(answer.status).toBe(400);
  expect(answer.headers['content-type']).toBe(CONTENT_TYPE);
  expect(answer.headers['x-amzn-requestid']).toMatch(UUID);
  const body = JSON.parse(answer.body);
  expect(answer.body).toBe(JSON.stringify({ __type: body.__type, message: body.message }));
  return body;
}

/** AWS's sentence for a constraint that does not hold. */
export function violation(parameter: string, constraint: string): Refusal {
  return {
    name: 'InvalidParameterException',
    message: `Invalid parameter at '${parameter}' failed to satisfy constraint: '${constraint}'`,
  };
}

export function repositoryNotFound(name: string, registryId = ACCOUNT): Refusal {
  return {
    name: 'RepositoryNotFoundException',
    message: `The repository with name '${name}' does not exist in the registry with id '${registryId}'`,
  };
}

export const AT_MOST = 'Member must have length less than or equal to';
export const AT_LEAST = 'Member must have length greater than or equal to';
export const VALUE_AT_MOST = 'Member must have value less than or equal to';
export const VALUE_AT_LEAST = 'Member must have value greater than or equal to';
export const NAME_PATTERN =
  "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'";
export const REGISTRY_ID_PATTERN = 'Member must satisfy regular expression pattern: [0-9]{12}';

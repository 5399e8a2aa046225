import type { FastifyRequest } from 'fastify';
import { readJsonBody } from '../aws/json/read-json-body.ts';
import { parse } from '../aws/shapes/parse.ts';
import { admit, type VerifiedCaller } from '../aws/sigv4/verify.ts';
import { annotate } from '../http/access-log.ts';
import { readBody } from '../http/read-body.ts';
import { repositoryArn } from '../model/arn.ts';
import type { Call, Operation } from './operation.ts';
import type { OperationName } from './operation-names.ts';
import type { Operations } from './operations.ts';
import { refuseOperation } from './refuse-operation.ts';
import type { EcrEdge } from './register-ecr.ts';
import { registryOf } from './repository-path.ts';

const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Answers one call. In this order, and nothing is done before all of it holds: the head of the signature, the body within
 * its limit, the signature over it, the operation, the JSON, the constraints, the permission.
 *
 * @throws Fault for every refusal that the caller may read
 */
export async function answerCall(edge: EcrEdge, request: FastifyRequest, name: string): Promise<object> {
  const { method, url = '', rawHeaders } = request.raw;
  const pending = admit({ method: method ?? '', target: url, rawHeaders }, edge.verifier);
  const operation = findOperation(edge.operations, name);
  const body = await readBody(request.raw, { limit: operation?.maxBodyBytes ?? MAX_BODY_BYTES });
  const caller = pending.verify(body);
  if (!operation) throw refuseOperation(name, { version: edge.version, served: Object.keys(edge.operations) });
  const call = callOf(request, caller);
  annotate(request, { account: call.registry.id, region: call.registry.region });
  const input = parse(operation.input, readJsonBody(body));
  await edge.authorizer.authorize(call.principal, `ecr:${name}`, resourceArn(operation, input, call));
  return operation.run(input, call);
}

/** What the table's entries have in common; which input goes with which `run` the entry itself knows. */
type AnyOperation = Operation<OperationName>;

function findOperation(operations: Operations, name: string): AnyOperation | undefined {
  return Object.hasOwn(operations, name)
    ? (operations[name as keyof Operations] as unknown as AnyOperation)
    : undefined;
}

function callOf(request: FastifyRequest, caller: VerifiedCaller): Call {
  return {
    registry: { id: caller.accountId, region: caller.region },
    principal: { arn: `arn:aws:iam::${caller.accountId}:root`, accountId: caller.accountId },
    origin: `${request.protocol}://${request.headers.host ?? ''}`,
    requestId: request.id,
  };
}

function resourceArn(operation: AnyOperation, input: Parameters<AnyOperation['run']>[0], call: Call): string {
  const resource = operation.resource(input, call);
  if (resource === '*' || resource.startsWith('arn:')) return resource;
  const { registryId } = input as { readonly registryId?: string };
  return repositoryArn(registryOf({ registryId }, call), resource);
}

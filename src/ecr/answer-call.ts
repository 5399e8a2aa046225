import type { FastifyRequest } from 'fastify';
import { readJsonBody } from '../aws/json/read-json-body.ts';
import { parse } from '../aws/shapes/parse.ts';
import { admit, type VerifiedCaller } from '../aws/sigv4/verify.ts';
import { annotate } from '../http/access-log.ts';
import { readBody } from '../http/read-body.ts';
import type { EcrEdge } from './ecr-edge.ts';
import type { Call, Operation } from './operation.ts';
import type { OutputOf } from './operation-names.ts';
import type { Operations } from './operations.ts';
import { refuseOperation } from './refuse-operation.ts';
import type { Served } from './unserved.ts';

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
  const { operations, version } = edge;
  const limit = (isServed(operations, name) ? operations[name].maxBodyBytes : undefined) ?? MAX_BODY_BYTES;
  const body = await readBody(request.raw, { limit });
  const caller = pending.verify(body);
  if (!isServed(operations, name)) throw refuseOperation(name, { version, served: Object.keys(operations) });
  const call = callOf(request, caller);
  annotate(request, { account: call.registry.id, region: call.registry.region });
  return serve(edge, name, body, call);
}

function isServed(operations: Operations, name: string): name is Served {
  return Object.hasOwn(operations, name);
}

async function serve<N extends Served>(
  { operations, authorizer }: EcrEdge,
  name: N,
  body: Uint8Array,
  call: Call,
): Promise<OutputOf<N>> {
  const operation: Operation<N> = operations[name];
  const input = parse(operation.input, readJsonBody(body));
  await authorizer.authorize(call.principal, `ecr:${name}`, operation.resource(input, call));
  return operation.run(input, call);
}

function callOf(request: FastifyRequest, caller: VerifiedCaller): Call {
  return {
    registry: { id: caller.accountId, region: caller.region },
    principal: { arn: `arn:aws:iam::${caller.accountId}:root`, accountId: caller.accountId },
    origin: `${request.protocol}://${request.headers.host ?? ''}`,
    requestId: request.id,
  };
}

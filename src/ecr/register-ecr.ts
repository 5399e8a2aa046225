import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { writeJson } from '../aws/json/write-json.ts';
import { annotate } from '../http/access-log.ts';
import { BodyInterrupted } from '../http/body-interrupted.ts';
import { noteFault } from '../http/note-fault.ts';
import { Fault } from '../model/fault.ts';
import { answerCall } from './answer-call.ts';
import { CONTENT_TYPE } from './content-type.ts';
import type { EcrEdge } from './ecr-edge.ts';
import { ERROR_STATUS, errorBody, serverErrorBody, statusOf } from './faults.ts';
import { answerStranger, answerUnknownProtocol, isForAnotherService, TARGET_PREFIX } from './strangers.ts';

/**
 * Serves ECR's JSON API at `POST /` (fidelity facts, sections 1.1 and 2). What is signed for another service, wherever it
 * goes, is told that it came to the wrong place.
 */
export function registerEcr(server: FastifyInstance, edge: EcrEdge): void {
  server.addHook('preHandler', (request, reply, done) => {
    if (request.is404 && isForAnotherService(request)) answerStranger(request, reply, '', edge.version);
    else done();
  });
  server.post('/', async (request, reply) => {
    const target = String(request.headers['x-amz-target'] ?? '');
    if (!target.startsWith(TARGET_PREFIX)) return answerStranger(request, reply, target, edge.version);
    if (!speaksOurJson(request)) return answerUnknownProtocol(reply);
    const operation = target.slice(TARGET_PREFIX.length);
    annotate(request, { operation: operation.slice(0, 100) });
    try {
      return send(reply, 200, await answerCall(edge, request, operation));
    } catch (error) {
      return answerFailure(request, reply, error);
    }
  });
}

function answerFailure(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof Fault) {
    noteFault(request, error);
    return send(reply, statusOf(error), errorBody(error));
  }
  if (error instanceof BodyInterrupted) throw error;
  request.log.error({ err: error }, 'unexpected error');
  return send(reply, ERROR_STATUS, serverErrorBody(request.id));
}

function send(reply: FastifyReply, status: number, body: object): FastifyReply {
  // Bytes, for Fastify adds a charset to the type of a text.
  return reply
    .code(status)
    .header('content-type', CONTENT_TYPE)
    .send(Buffer.from(writeJson(body)));
}

function speaksOurJson(request: FastifyRequest): boolean {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  return type.trim().toLowerCase() === CONTENT_TYPE;
}

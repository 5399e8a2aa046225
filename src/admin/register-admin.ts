import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BodyInterrupted } from '../http/body-interrupted.ts';
import { noteFault } from '../http/note-fault.ts';
import { RETRY_AFTER } from '../http/surface.ts';
import { Fault } from '../model/fault.ts';
import type { AdminEdge } from './admin-edge.ts';
import { answerRequest, MethodRefusal } from './answer-request.ts';
import type { Answer } from './call.ts';
import { errorBody, serverErrorBody, statusOf } from './faults.ts';
import { ndjson } from './ndjson.ts';
import { PREFIX } from './routes.ts';

/** Adds the operator's API to the server: all of `/_berth/v1/`, whatever the method. */
export function registerAdmin(server: FastifyInstance, edge: AdminEdge): void {
  server.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => {
      if (error instanceof MethodRefusal) reply.header('allow', error.allow);
      const { status, body } = describeError(error, request);
      if (status === 503) reply.header('retry-after', RETRY_AFTER);
      return sendJson(reply, status, body);
    });
    scope.all(`${PREFIX}*`, async (request, reply) => send(request, reply, await answerRequest(edge, request)));
  });
}

async function send(request: FastifyRequest, reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  if ('json' in answer) return sendJson(reply, answer.status ?? 200, answer.json);
  // A refusal of the whole comes before the first line, while there is still a status to say it with.
  const first = await answer.lines.next();
  const stream = ndjson({
    first,
    rest: answer.lines,
    lineOf: (error) => ({ kind: 'error', ...describeError(error, request).body }),
    isGone: () => reply.raw.destroyed,
  });
  return reply.code(200).header('content-type', 'application/x-ndjson').send(stream);
}

function sendJson(reply: FastifyReply, status: number, body: object): FastifyReply {
  // Bytes, for Fastify adds a charset to the type of a text.
  return reply
    .code(status)
    .header('content-type', 'application/json')
    .header('cache-control', 'no-store')
    .send(Buffer.from(`${JSON.stringify(body)}\n`));
}

function describeError(error: unknown, request: FastifyRequest) {
  const fault = faultIn(error);
  if (fault === undefined) {
    request.log.error({ err: error }, 'unexpected error');
    return { status: 500, body: serverErrorBody(request.id) };
  }
  noteFault(request, fault);
  return { status: statusOf(fault), body: errorBody(fault, request.id) };
}

/** The refusal that the caller may read; `undefined` for an error of ours. */
function faultIn(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  const status = (error as Partial<FastifyError> | undefined)?.statusCode ?? 500;
  const theirs = error instanceof BodyInterrupted || (status >= 400 && status < 500);
  return error instanceof Error && theirs ? new Fault('MalformedRequest', { reason: error.message }) : undefined;
}

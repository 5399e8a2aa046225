import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../model/fault.ts';
import type { FaultCode } from '../model/fault-messages.ts';
import { BodyInterrupted } from './body-interrupted.ts';
import { noteFault } from './note-fault.ts';
import { sendRefusal } from './request-refusal.ts';

/** The statuses of the faults whose status is not 400. */
const STATUSES: Partial<Readonly<Record<FaultCode, number>>> = { RequestTooLarge: 413, StoreUnavailable: 503 };

/**
 * The last resort for what an edge did not answer itself. Refusals are told; of an error of ours the caller learns the
 * request id, under which it is logged.
 */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof BodyInterrupted) {
    request.log.debug({ err: error }, 'request body interrupted');
    return sendRefusal(reply, { status: 400, code: 'MalformedRequest', message: error.message });
  }
  if (error instanceof Fault) {
    const { code, message }: Fault = error;
    noteFault(request, error);
    return sendRefusal(reply, { status: STATUSES[code] ?? 400, code, message });
  }
  const status = (error as Partial<FastifyError> | undefined)?.statusCode ?? 500;
  if (error instanceof Error && status >= 400 && status < 500) {
    return sendRefusal(reply, { status, code: 'MalformedRequest', message: error.message });
  }
  request.log.error({ err: error }, 'unexpected error');
  const message = `Something went wrong inside the server; its log says more under request id ${request.id}`;
  return sendRefusal(reply, { status: 500, code: 'InternalError', message });
}

import type { FastifyReply } from 'fastify';

/** Why a request is refused before any edge has seen it. */
export interface RequestRefusal {
  readonly status: number;
  /** In AWS's spelling, `HostNotAllowed`. */
  readonly code: string;
  readonly message: string;
}

/**
 * A refusal as JSON. Nobody knows yet which protocol the caller speaks, so the body is readable in each: AWS's clients
 * print `__type` and `message`, registry clients the first of `errors`, whose code is in their spelling, `HOST_NOT_ALLOWED`.
 */
export function refusalBody({ code, message }: RequestRefusal, requestId: string): string {
  const registryCode = code.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
  return JSON.stringify({ __type: code, message, errors: [{ code: registryCode, message }], requestId });
}

export function sendRefusal(reply: FastifyReply, refusal: RequestRefusal): FastifyReply {
  return reply.code(refusal.status).type('application/json').send(refusalBody(refusal, reply.request.id));
}

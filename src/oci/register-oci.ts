import { Readable } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BodyInterrupted } from '../http/body-interrupted.ts';
import { noteFault } from '../http/note-fault.ts';
import { sendStream } from '../http/send-stream.ts';
import { Fault } from '../model/fault.ts';
import { answerRequest, splitTarget } from './answer-request.ts';
import type { Answer } from './call.ts';
import { refuse, serverError } from './faults.ts';
import { downloadLayer, LAYER_LINKS } from './layer-link.ts';
import type { OciEdge } from './oci-edge.ts';

/** Adds the OCI distribution protocol to the server: all of `/v2`, whatever the method, and the links to layers. */
export function registerOci(server: FastifyInstance, edge: OciEdge): void {
  server.register(async (scope) => {
    scope.addHook('onRequest', (_request, reply, done) => {
      reply.raw.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
      done();
    });
    scope.setErrorHandler((error, request, reply) => send(request, reply, answerError(error, request)));
    for (const url of ['/v2', '/v2/', '/v2/*']) {
      scope.all(url, async (request, reply) => {
        const origin = `${request.protocol}://${request.headers.host ?? ''}`;
        return send(request, reply, await answerRequest(edge, request.raw, origin));
      });
    }
    scope.all(`${LAYER_LINKS}*`, async (request, reply) => {
      const { method = '', url = '', headers } = request.raw;
      return send(request, reply, await downloadLayer(edge, { method, headers, ...splitTarget(url) }));
    });
  });
}

function answerError(error: unknown, request: FastifyRequest): Answer {
  if (error instanceof Fault) {
    noteFault(request, error);
    return refuse(error);
  }
  if (error instanceof BodyInterrupted) {
    request.log.debug({ err: error }, 'request body interrupted');
    return refuse(new Fault('MalformedRequest', { reason: error.message }));
  }
  const status = (error as Partial<FastifyError> | undefined)?.statusCode ?? 500;
  if (error instanceof Error && status >= 400 && status < 500) {
    return refuse(new Fault('MalformedRequest', { reason: error.message }));
  }
  request.log.error({ err: error }, 'unexpected error');
  return serverError(request.id);
}

/** Bodies go out as bytes or streams only: to the media type of text, Fastify would add a charset. */
function send(request: FastifyRequest, reply: FastifyReply, { status, headers = {}, body }: Answer): FastifyReply {
  reply.code(status);
  // Set below Fastify, which would write the names in lower case.
  for (const [name, value] of Object.entries(headers)) reply.raw.setHeader(name, value);
  if (body instanceof Readable) return sendStream(request, reply, body);
  if (request.method !== 'HEAD') return reply.send(body);
  if (body instanceof Uint8Array) reply.raw.setHeader('Content-Length', body.byteLength);
  return reply.send();
}

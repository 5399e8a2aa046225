import type { Writable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { announceClose } from './draining.ts';

/** What writes itself to a destination and ends it, and can be told that nobody wants it any more. */
export interface Sendable {
  sendTo(destination: Writable): Promise<void>;
  destroy(): unknown;
}

/**
 * Answers with the bytes of a stream, whose length must be in `Content-Length`, past Fastify: it would pipe, piece by piece and
 * with none read ahead. What cannot be sent to its end ends the connection: the client sees that bytes are missing.
 */
export function sendStream(request: FastifyRequest, reply: FastifyReply, stream: Sendable): FastifyReply {
  announceClose(reply);
  const { raw } = reply.hijack();
  const { socket } = request.raw;
  // An answer that waits behind others on its connection does not hear of the connection's end.
  const gone = () => raw.destroy();
  socket.once('close', gone);
  stream
    .sendTo(raw)
    .catch((error: unknown) => {
      const hasLeft = socket.destroyed;
      request.log[hasLeft ? 'debug' : 'error']({ err: error }, 'an answer could not be sent to its end');
      raw.destroy();
    })
    .finally(() => socket.off('close', gone));
  return reply;
}

import type { Socket } from 'node:net';
import type { FastifyBaseLogger } from 'fastify';
import type { Ids } from '../model/ids.ts';
import { STATUS_CODES } from './node-http.ts';
import { refusalBody } from './request-refusal.ts';

const STATUS_BY_ERROR: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/**
 * Answers what Node could not read as a request (malformed, too large, too slow) and ends the connection. There is no
 * request yet, so the answer is written to the socket.
 */
export function answerMalformedHttp(
  error: NodeJS.ErrnoException,
  socket: Socket,
  context: { readonly ids: Pick<Ids, 'uuid'>; readonly logger: FastifyBaseLogger; readonly midAnswer: boolean },
): void {
  if (!socket.writable || context.midAnswer || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const requestId = context.ids.uuid();
  const status = STATUS_BY_ERROR[error.code ?? ''] ?? 400;
  const reason = STATUS_CODES[status] ?? '';
  const body = refusalBody(
    { status, code: 'MalformedRequest', message: `${reason}: the request is not valid HTTP/1.1` },
    requestId,
  );
  context.logger.debug({ requestId, status, reason: error.code }, 'malformed request');
  socket.write(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-amzn-RequestId: ${requestId}\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n${body}`,
  );
  socket.destroySoon();
}

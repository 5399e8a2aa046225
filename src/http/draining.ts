import type { Server } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';

const draining = new WeakSet<Server>();

/** Says in the answer that its connection ends with it, if the server has begun to close. */
export function announceClose({ server, raw }: Pick<FastifyReply, 'server' | 'raw'>): void {
  if (draining.has(server.server) && !raw.headersSent) raw.setHeader('connection', 'close');
}

/**
 * Makes `close()` end connections as soon as their requests have ended, so that it waits for requests and not for idle
 * keep-alive. Answers whether the server has begun to close.
 */
export function addDraining(server: FastifyInstance): () => boolean {
  const isDraining = () => draining.has(server.server);
  server.addHook('preClose', async () => {
    draining.add(server.server);
  });
  server.addHook('onSend', (_request, reply, _payload, done) => {
    announceClose(reply);
    done();
  });
  server.addHook('onResponse', (_request, _reply, done) => {
    // An answer whose headers were out before leaves its connection open.
    if (isDraining()) setImmediate(() => server.server.closeIdleConnections());
    done();
  });
  return isDraining;
}

/** Closes the server: no new connections, requests in flight get `graceMs` to end, then their connections are cut. */
export async function closeWithin(server: FastifyInstance, graceMs: number): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), graceMs);
  try {
    await server.close();
  } finally {
    clearTimeout(timer);
  }
}

import type { FastifyInstance } from 'fastify';

/**
 * Makes `close()` end connections as soon as their requests have ended, so that it waits for requests and not for idle
 * keep-alive. Answers whether the server has begun to close.
 */
export function addDraining(server: FastifyInstance): () => boolean {
  let draining = false;
  server.addHook('preClose', async () => {
    draining = true;
  });
  server.addHook('onSend', async (_request, reply) => {
    if (draining && !reply.raw.headersSent) reply.raw.setHeader('connection', 'close');
  });
  server.addHook('onResponse', async () => {
    // An answer whose headers were out before leaves its connection open.
    if (draining) setImmediate(() => server.server.closeIdleConnections());
  });
  return () => draining;
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

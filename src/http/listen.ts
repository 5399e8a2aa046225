import type { FastifyInstance } from 'fastify';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Where clients on this machine reach the server. */
  readonly origin: string;
}

/** Listens, on a port of the system's choice if it is 0. Errors are the system's own (`EADDRINUSE` …). */
export async function listen(server: FastifyInstance, at: { host: string; port: number }): Promise<Address> {
  await server.listen({ host: at.host, port: at.port });
  const bound = server.addresses().at(-1);
  if (typeof bound !== 'object') throw new Error('the server listens on no port');
  return { host: at.host, port: bound.port, origin: `http://${reachableAs(at.host)}:${bound.port}` };
}

/** `localhost` wherever it leads here: registry clients allow plain HTTP to it without being told. */
function reachableAs(host: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', 'localhost'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

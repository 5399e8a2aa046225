import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isHealthPath } from './health.ts';

/** What an edge adds to the line of a request: the operation, the repository. Never anything secret. */
export type Annotations = Readonly<Record<string, string | number | boolean>>;

const annotations = new WeakMap<IncomingMessage, Annotations>();

export function annotate({ raw }: Pick<FastifyRequest, 'raw'>, more: Annotations): void {
  annotations.set(raw, { ...annotations.get(raw), ...more });
}

/**
 * One line when the request is over: level `info`, health probes and scrapes `debug`. Headers and the query are left out: they carry
 * credentials, signatures and presigned URLs.
 */
export function logWhenDone(request: FastifyRequest, reply: FastifyReply): void {
  const started = performance.now();
  reply.raw.once('close', () => {
    const { method = '', url = '', socket } = request.raw;
    const path = pathOf(url);
    const line = {
      method,
      path,
      status: reply.raw.statusCode,
      ms: Math.round((performance.now() - started) * 10) / 10,
      remote: socket.remoteAddress,
      ...(reply.raw.writableFinished ? {} : { aborted: true }),
      ...annotations.get(request.raw),
    };
    const level = isHealthPath(url) || path === '/metrics' ? 'debug' : 'info';
    request.log[level](line, `${method} ${path} ${line.status}`);
  });
}

export function pathOf(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path.length > 512 ? `${path.slice(0, 512)}…` : path;
}

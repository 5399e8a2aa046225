import type { FastifyInstance } from 'fastify';
import { sendRefusal } from '../http/request-refusal.ts';
import type { MetricsSources } from './scrape.ts';

/** Of Prometheus' text format. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Adds `/metrics`, in Prometheus' text format 0.0.4. Nobody is asked who they are: that is for profile `local`. */
export function registerMetrics(server: FastifyInstance, sources: MetricsSources): void {
  server.all('/metrics', async (request, reply) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      reply.header('allow', 'GET, HEAD');
      const message = '/metrics answers GET and HEAD only';
      return sendRefusal(reply, { status: 405, code: 'MethodNotAllowed', message });
    }
    // Loaded by the first scrape: starting does not wait for what it does not need.
    const { scrape } = await import('./scrape.ts');
    const text = await scrape(sources, (err, collector) =>
      request.log.error({ err, collector }, 'figures for the metrics could not be read'),
    );
    return reply.code(200).header('content-type', CONTENT_TYPE).header('cache-control', 'no-store').send(text);
  });
}

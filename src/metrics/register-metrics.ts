import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { sendRefusal } from '../http/request-refusal.ts';
import { type MetricsSources, scrape } from './scrape.ts';

/** Adds `/metrics`, in Prometheus' text format 0.0.4. Nobody is asked who they are: that is for profile `local`. */
export function registerMetrics(server: FastifyInstance, sources: MetricsSources): void {
  server.all('/metrics', async (request, reply) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      reply.header('allow', 'GET, HEAD');
      const message = '/metrics answers GET and HEAD only';
      return sendRefusal(reply, { status: 405, code: 'MethodNotAllowed', message });
    }
    const text = await scrape(sources, (err, collector) =>
      request.log.error({ err, collector }, 'figures for the metrics could not be read'),
    );
    return reply
      .code(200)
      .header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
      .header('cache-control', 'no-store')
      .send(text);
  });
}

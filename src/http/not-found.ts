import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendRefusal } from './request-refusal.ts';

/** What is served where, for a person who came to the wrong place. */
const SERVED = [
  'POST / with an X-Amz-Target header: the Amazon ECR API',
  '/v2/: the registry that docker, podman and helm talk to',
  '/_berth/v1/: what the berth command talks to',
  '/livez, /readyz and /metrics: health',
];

export function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { method, url = '' } = request.raw;
  const [path = ''] = url.split('?');
  const { accept = '', authorization } = request.headers;
  if (method === 'GET' && path === '/' && accept.includes('text/html') && authorization === undefined) {
    return reply.type('text/plain; charset=utf-8').send(`This is Berth. It serves:\n\n${lines()}`);
  }
  if (isHealthMethodError(path)) {
    reply.header('allow', 'GET, HEAD');
    return sendRefusal(reply, { status: 405, code: 'MethodNotAllowed', message: `${path} answers GET and HEAD only` });
  }
  const message = `Nothing is served at ${method} ${path.slice(0, 255)}. This server has ${SERVED.join('; ')}.`;
  return sendRefusal(reply, { status: 404, code: 'NotFound', message });
}

function lines(): string {
  return SERVED.map((line) => `  ${line}\n`).join('');
}

/** The two health paths have routes for GET and HEAD, so they get here only with another method. */
function isHealthMethodError(path: string): boolean {
  return path === '/livez' || path === '/readyz';
}

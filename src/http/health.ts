import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { patientCheck, type ReadinessCheck } from './patient-check.ts';

/** Checks by name. */
export type ReadinessChecks = Readonly<Record<string, ReadinessCheck>>;

export function isHealthPath(url: string): boolean {
  return /^\/(?:livez|readyz)(?:\?|$)/.test(url);
}

/**
 * `/livez`: the process answers. `/readyz`: it should be sent requests, that is, every check holds, within `patience`
 * milliseconds, and it is not draining. 200 `ok` or 503; `?verbose` lists the checks, a line each. Why a check fails is logged,
 * not answered. Nothing outside the process makes `/livez` fail: to start it anew would not help.
 */
export function addHealth(
  server: FastifyInstance,
  checks: ReadinessChecks,
  { isDraining, patience }: { readonly isDraining: () => boolean; readonly patience: number },
): void {
  const patient = Object.entries(checks).map(([name, check]) => [name, patientCheck(check, patience)] as const);
  const all: ReadinessChecks = {
    ...Object.fromEntries(patient),
    serving: () => {
      if (isDraining()) throw new Error('the server is stopping');
    },
  };
  server.route({ method: ['GET', 'HEAD'], url: '/livez', handler: (request, reply) => answer(request, reply, {}) });
  server.route({ method: ['GET', 'HEAD'], url: '/readyz', handler: (request, reply) => answer(request, reply, all) });
}

async function answer(request: FastifyRequest, reply: FastifyReply, checks: ReadinessChecks): Promise<FastifyReply> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => ({ name, holds: await holds(name, check, request) })),
  );
  const healthy = results.every((result) => result.holds);
  const verdict = healthy ? 'ok\n' : 'not ready\n';
  const verbose = /[?&]verbose(?:[=&]|$)/.test(request.raw.url ?? '');
  const lines = results.map(({ name, holds }) => `${holds ? '[+]' : '[-]'} ${name}\n`);
  return reply
    .code(healthy ? 200 : 503)
    .header('cache-control', 'no-store')
    .type('text/plain; charset=utf-8')
    .send(verbose ? `${lines.join('')}${verdict}` : verdict);
}

async function holds(name: string, check: ReadinessCheck, request: FastifyRequest): Promise<boolean> {
  try {
    await check();
    return true;
  } catch (err) {
    request.log.warn({ err, check: name }, 'readiness check failed');
    return false;
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from './contender.ts';

const PATIENCE = 30_000;
const POLL = 2;

/** Starts a program that serves at `origin`; `undefined` where there is no such program. Its output is left out. */
export async function startPeer(
  program: string,
  args: readonly string[],
  origin: string,
): Promise<Running | undefined> {
  const peer = spawn(program, args, { stdio: 'ignore' });
  const failed = once(peer, 'error').then(() => 'failed' as const);
  const ended = once(peer, 'exit').then(([code]) => {
    throw new Error(`${program} ended with ${code} before it answered`);
  });
  ended.catch(() => undefined);
  if ((await Promise.race([failed, untilItAnswers(origin), ended])) === 'failed') return undefined;
  return {
    origin,
    authorize: async () => undefined,
    pids: [peer.pid ?? 0],
    [Symbol.asyncDispose]: async () => {
      if (peer.exitCode !== null || peer.signalCode !== null) return;
      const exit = once(peer, 'exit');
      peer.kill('SIGTERM');
      await exit;
    },
  };
}

/** Fulfils when `/v2/` is answered, be it with a request for credentials. */
export async function untilItAnswers(origin: string): Promise<void> {
  const last = performance.now() + PATIENCE;
  while (performance.now() < last) {
    if ([200, 401].includes(await statusOf(origin))) return;
    await sleep(POLL);
  }
  throw new Error(`Nothing answered at ${origin}`);
}

function statusOf(origin: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = request(`${origin}/v2/`, { agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', () => resolve(0));
    asked.end();
  });
}

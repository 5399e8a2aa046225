import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startBerth } from '../../test/support/berth-process.ts';
import { findNginx, startNginx } from '../../test/support/nginx.ts';
import { authorizationFor, berth } from './berth.ts';
import type { Contender } from './contender.ts';
import { untilItAnswers } from './peer-process.ts';
import { FRONTED } from './targets.ts';

/** Enough for a round: nginx closes a connection after a thousand requests, unless told otherwise. */
const TUNING = 'keepalive_requests 10000000;';

/** Berth behind Debian's nginx, by the documented configuration, with large blobs handed over. */
export const fronted: Contender = {
  name: FRONTED,
  forces: berth.forces,
  start: async (folder) => {
    if ('missing' in (await findNginx())) return undefined;
    await using stack = new AsyncDisposableStack();
    const dataDir = join(folder, 'data');
    const server = stack.use(
      await startBerth(['--data-dir', dataDir, '--log-level', 'error', '--accel-redirect', '/berth-blobs/']),
    );
    const front = stack.use(await startNginx(join(folder, 'nginx'), { origin: server.origin, dataDir }, TUNING));
    await untilItAnswers(front.origin);
    const owned = stack.move();
    return {
      origin: front.origin,
      authorize: () => authorizationFor(server.origin),
      pids: [server.pid, front.pid, ...(await childrenOf(front.pid))],
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  },
};

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(/\s+/).map(Number);
}

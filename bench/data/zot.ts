import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../docker-registry.ts';
import type { Contender } from './contender.ts';
import { startPeer } from './peer-process.ts';

/** zot, at `program`. With `commit` it forces blobs to the disk, which it leaves to the system otherwise. */
export function zot(program: string, { commit }: { readonly commit: boolean }): Contender {
  return {
    name: commit ? 'zot with commit' : 'zot',
    forces: commit ? 'blobs and its cache; folders not' : 'nothing but its cache',
    start: async (folder) => {
      const port = await freePort();
      const config = join(folder, 'config.json');
      await mkdir(folder, { recursive: true });
      await writeFile(
        config,
        JSON.stringify({
          distSpecVersion: '1.1.0',
          storage: { rootDirectory: join(folder, 'data'), commit },
          http: { address: '127.0.0.1', port: String(port) },
          log: { level: 'error' },
        }),
      );
      return startPeer(program, ['serve', config], `http://127.0.0.1:${port}`);
    },
  };
}

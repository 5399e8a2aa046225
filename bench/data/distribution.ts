import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../docker-registry.ts';
import type { Contender } from './contender.ts';
import { startPeer } from './peer-process.ts';

/** CNCF Distribution on its file system driver: Debian's, of the second series. */
export const dockerRegistry: Contender = {
  name: 'docker-registry',
  forces: 'every file it writes; folders not',
  start: (folder) => start('docker-registry', folder),
};

/** The same of the third series, at `program`. */
export function distribution(program: string): Contender {
  return {
    name: 'distribution v3',
    forces: 'every file it writes, and folders',
    start: (folder) => start(program, folder),
  };
}

async function start(program: string, folder: string) {
  const port = await freePort();
  const config = join(folder, 'config.yml');
  await mkdir(folder, { recursive: true });
  // JSON is YAML.
  await writeFile(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: {
        filesystem: { rootdirectory: join(folder, 'data') },
        cache: { blobdescriptor: 'inmemory' },
        delete: { enabled: true },
      },
      http: { addr: `127.0.0.1:${port}` },
    }),
  );
  return startPeer(program, ['serve', config], `http://127.0.0.1:${port}`);
}

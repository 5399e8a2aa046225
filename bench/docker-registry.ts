import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contender, each } from './contender.ts';
import { Requests } from './requests.ts';

/** Debian's docker-registry on its file system driver, deleting through DELETE of manifests: it has no other way. */
export async function startDockerRegistry(folder: string): Promise<Contender | undefined> {
  const port = await freePort();
  const config = join(folder, 'config.yml');
  await writeFile(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}` },
    }),
  );
  const registry = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const failed = once(registry, 'error').then(() => true);
  const requests = new Requests(`http://127.0.0.1:${port}`);
  if (await Promise.race([failed, ready(requests).then(() => false)])) return undefined;
  return {
    name: 'docker-registry',
    requests,
    pid: registry.pid ?? 0,
    deleteAll: (repository, images, concurrency) =>
      each(images, concurrency, async ({ digest }) => {
        await requests.expect(202, 'DELETE', `/v2/${repository}/manifests/${digest}`);
      }),
    [Symbol.asyncDispose]: async () => {
      requests[Symbol.dispose]();
      if (registry.exitCode !== null || registry.signalCode !== null) return;
      const ended = once(registry, 'exit');
      registry.kill('SIGTERM');
      await ended;
    },
  };
}

async function ready(requests: Requests): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const status = await requests.send('GET', '/v2/').then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await sleep(100);
  }
  throw new Error('docker-registry did not begin to answer');
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('No free port');
  return address.port;
}

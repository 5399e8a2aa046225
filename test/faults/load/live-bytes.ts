import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { filesIn } from '../../support/temp-folder.ts';
import { listImages } from './check-own.ts';
import type { Door } from './door.ts';
import type { Journal } from './findings.ts';
import { jsonOf, Wire } from './wire.ts';

export interface Bytes {
  readonly files: number;
  readonly bytes: number;
}

interface Part {
  readonly digest: string;
  readonly size: number;
}

/** What the images of the registry need on the disk, each blob once, as the registry itself lists them. */
export async function liveBytes(to: Door | string, journal: Journal): Promise<Bytes> {
  using wire = await Wire.connect(to, journal);
  const sizes = new Map<string, number>();
  const reply = await wire.api('DescribeRepositories', { maxResults: 1000 });
  const { repositories = [] } = jsonOf<{ repositories: { repositoryName: string }[] }>(reply);
  for (const { repositoryName } of repositories) {
    const entries = await listImages({ wire, journal }, repositoryName);
    const digests = new Set(
      [...(typeof entries === 'object' ? entries : [])].map((entry) => entry.split(' ')[0] ?? ''),
    );
    for (const digest of digests) {
      const manifest = await wire.oci('get-manifest', 'GET', `/v2/${repositoryName}/manifests/${digest}`);
      const { config, layers = [] } = jsonOf<{ config: Part; layers: Part[] }>(manifest);
      for (const part of [...(config ? [config] : []), ...layers]) sizes.set(part.digest, part.size);
    }
  }
  return { files: sizes.size, bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}

/** What is on the disk, of blobs and of uploads that have not ended. */
export async function bytesOnDisk(dataDir: string): Promise<Bytes> {
  const found = { files: 0, bytes: 0 };
  for (const name of ['blobs', 'uploads']) {
    for (const size of (await filesNow(join(dataDir, name))).values()) {
      found.files += 1;
      found.bytes += size;
    }
  }
  return found;
}

/** What else lies in the folder than what belongs there. */
export async function strangersIn(dataDir: string): Promise<string[]> {
  const known = /^(?:lock|reserve|store-id|berth\.db(?:-wal|-shm)?|lock-journal|blobs|uploads)$/;
  return (await readdir(dataDir)).filter((name) => !known.test(name));
}

/** A file may go while the folder is read. */
async function filesNow(folder: string): Promise<Map<string, number>> {
  for (;;) {
    try {
      return await filesIn(folder);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
}

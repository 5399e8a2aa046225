import type { UploadStore } from '../../blobs/blob-store.ts';
import { Fault } from '../../model/fault.ts';
import type { Ports } from '../ports.ts';
import { factsOf, getUpload, type UploadPath } from './upload-session.ts';

const held = new WeakMap<UploadStore, Map<string, Promise<unknown>>>();

/**
 * Lets one request at a time move an upload on, from reading where it stands to noting where it stands then. The store
 * holds its key only while bytes are written; a second request that read the old place before the first one's was noted
 * would write over bytes that are acknowledged a moment later.
 *
 * @throws Fault `UploadBusy`, and `RepositoryNotFound` or `UploadNotFound` when there is none to be busy
 */
export async function holdUpload<T>(
  ports: Pick<Ports, 'metadata' | 'uploads'>,
  path: UploadPath,
  work: () => Promise<T>,
): Promise<T> {
  const holds = held.get(ports.uploads) ?? new Map<string, Promise<unknown>>();
  held.set(ports.uploads, holds);
  const key = [path.registry.id, path.registry.region, path.repositoryName, path.uploadId].join(' ');
  if (holds.has(key)) {
    const { offset } = await getUpload(ports, path);
    throw new Fault('UploadBusy', { ...factsOf(path), offset });
  }
  const working = work();
  holds.set(key, working);
  try {
    return await working;
  } finally {
    holds.delete(key);
  }
}

/** Fulfils when no request moves an upload on any more: when what has come of chunks that were cut off is noted. */
export async function uploadsAtRest({ uploads }: Pick<Ports, 'uploads'>): Promise<void> {
  await Promise.allSettled(held.get(uploads)?.values() ?? []);
}

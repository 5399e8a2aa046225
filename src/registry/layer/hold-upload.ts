import type { UploadStore } from '../../blobs/blob-store.ts';
import { Fault } from '../../model/fault.ts';
import type { Ports } from '../ports.ts';
import { factsOf, getUpload, type UploadPath } from './upload-session.ts';

const held = new WeakMap<UploadStore, Set<string>>();

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
  const holds = held.get(ports.uploads) ?? new Set<string>();
  held.set(ports.uploads, holds);
  const key = [path.registry.id, path.registry.region, path.repositoryName, path.uploadId].join(' ');
  if (holds.has(key)) {
    const { offset } = await getUpload(ports, path);
    throw new Fault('UploadBusy', { ...factsOf(path), offset });
  }
  holds.add(key);
  try {
    return await work();
  } finally {
    holds.delete(key);
  }
}

import { createHash } from 'node:crypto';
import { BytesMissing, DigestMismatch, type UploadPosition } from '../../blobs/blob-store.ts';
import { algorithmOf, type Digest } from '../../model/digest.ts';
import { failpoint } from '../../model/failpoint.ts';
import type { StorageKey } from '../../model/ids.ts';
import type { ImportPorts } from './import-ports.ts';

/** Bytes of the source, as its row describes them. */
export interface Wanted {
  readonly digest: Digest;
  readonly size: number;
  readonly storageKey: StorageKey;
}

/**
 * Copies a blob's bytes, durably, and answers the key that the target has them under; none when the source itself does not
 * have them, or has others than the digest names. The target has compared the digest then.
 */
export async function copyBytes(ports: ImportPorts, wanted: Wanted): Promise<StorageKey | undefined> {
  const { source, target, ids } = ports;
  const stored = (await source.blobs.stat([wanted.storageKey])).get(wanted.storageKey);
  if (stored?.kind !== 'blob' || stored.size !== wanted.size) return undefined;
  let at: UploadPosition = { key: ids.storageKey(), length: 0, state: undefined };
  try {
    at = await target.uploads.append(at, await source.blobs.open(wanted.storageKey));
    const key = await target.uploads.commit(at, wanted.digest);
    await failpoint('import.copied');
    return key;
  } catch (error) {
    await target.blobs.erase(target.uploads.namesOf(at).map(({ storageKey }) => storageKey));
    if (error instanceof BytesMissing && !(await isStored(ports, wanted))) return undefined;
    if (error instanceof DigestMismatch && (await digestIn(ports, wanted)) !== wanted.digest) return undefined;
    throw error;
  }
}

async function isStored({ source }: ImportPorts, { storageKey }: Wanted): Promise<boolean> {
  return (await source.blobs.stat([storageKey])).has(storageKey);
}

async function digestIn({ source }: ImportPorts, { storageKey, digest }: Wanted): Promise<string> {
  const hash = createHash(algorithmOf(digest));
  for await (const piece of await source.blobs.open(storageKey)) hash.update(piece as Buffer);
  return `${algorithmOf(digest)}:${hash.digest('hex')}`;
}

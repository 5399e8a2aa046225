import type { BlobStore } from '../../blobs/blob-store.ts';
import type { RepositoryBlob } from '../../metadata/blobs.ts';

/**
 * Those of the blobs whose bytes are in the store. All of them, unless a disk has lost some or an old backup is in place:
 * then a client that is told "it is not there" uploads again, and so heals what is missing.
 */
export async function wholeBlobs(
  blobs: Pick<BlobStore, 'stat'>,
  known: readonly RepositoryBlob[],
): Promise<RepositoryBlob[]> {
  // The rows were read just now.
  const stored = await blobs.stat(
    known.map((blob) => blob.storageKey),
    { recent: true },
  );
  return known.filter((blob) => {
    const bytes = stored.get(blob.storageKey);
    return bytes?.kind === 'blob' && bytes.size === blob.size;
  });
}

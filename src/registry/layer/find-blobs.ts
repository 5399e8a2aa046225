import type { RepositoryBlob } from '../../metadata/blobs.ts';
import { failpoint } from '../../model/failpoint.ts';
import type { Ports } from '../ports.ts';
import { getRepository, lookUpIn, type RepositoryPath } from '../repository/repository-path.ts';
import { wholeBlobs } from './whole-blobs.ts';

/**
 * Those of the named blobs that the repository has, with all their bytes. "It is there" is a promise to a client that will not upload it again,
 * so each answer holds for at least half a lease from now, whatever is deleted meanwhile. Leases are renewed when less than
 * half is left, so that asking stays a read most of the time.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function promiseBlobs(
  { metadata, blobs, clock, retention }: Pick<Ports, 'metadata' | 'blobs' | 'clock' | 'retention'>,
  path: RepositoryPath,
  digests: readonly string[],
): Promise<RepositoryBlob[]> {
  const isSafe = (blob: RepositoryBlob) => blob.keepUntil >= clock.now() + retention.lease / 2;
  const seen = await lookUpIn({ metadata }, path, (lookups) => lookups.blobs(path, digests));
  if (seen.every(isSafe)) return wholeBlobs(blobs, seen);
  const promised = await metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    const found = await tx.blobs.findAll(repository.id, digests);
    const expiring = found.filter((blob) => !isSafe(blob)).map((blob) => blob.id);
    await tx.links.keep(repository.id, expiring, clock.now() + retention.lease);
    return found;
  });
  await failpoint('blob.promised');
  return wholeBlobs(blobs, promised);
}

/**
 * The blob, without any promise.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function findBlob(
  ports: Pick<Ports, 'metadata'>,
  path: RepositoryPath,
  digest: string,
): Promise<RepositoryBlob | undefined> {
  const [blob] = await lookUpIn(ports, path, (lookups) => lookups.blobs(path, [digest]));
  return blob;
}

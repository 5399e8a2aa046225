import type { RepositoryBlob } from '../../metadata/blobs.ts';
import type { MetadataView } from '../../metadata/metadata-store.ts';
import { scopeOf } from '../../metadata/repositories.ts';
import { failpoint } from '../../model/failpoint.ts';
import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';
import { wholeBlobs } from './whole-blobs.ts';

/**
 * Lets the repository see a blob of another one of the same registry, under a lease. Answers whether it could: a source or
 * a blob that is not there, or not whole, is no fault: the client uploads instead.
 *
 * @throws Fault `RepositoryNotFound` when the target is missing
 */
export async function mountBlob(
  { metadata, blobs, clock, retention }: Pick<Ports, 'metadata' | 'blobs' | 'clock' | 'retention'>,
  target: RepositoryPath,
  source: RepositoryPath,
  digest: string,
): Promise<boolean> {
  const found = await metadata.read((view) => findSource(view, source, digest));
  const isWhole = found !== undefined && (await wholeBlobs(blobs, [found])).length > 0;
  const mounted = await metadata.write(async (tx) => {
    const into = await getRepository(tx, target);
    const blob = isWhole ? await findSource(tx, source, digest) : undefined;
    if (!blob) return false;
    await tx.links.put(scopeOf(into), blob, clock.now() + retention.lease);
    return true;
  });
  await failpoint('blob.mounted');
  return mounted;
}

async function findSource(
  view: Pick<MetadataView, 'repositories' | 'blobs'>,
  source: RepositoryPath,
  digest: string,
): Promise<RepositoryBlob | undefined> {
  // Another repository than the one that changes, so it is not held: two mounts may go opposite ways.
  const from = await view.repositories.glance(source.registry, source.repositoryName);
  return from && view.blobs.find(from.id, digest);
}

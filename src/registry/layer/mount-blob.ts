import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';

/**
 * Lets the repository see a blob of another one of the same registry, under a lease. Answers whether it could: a source or
 * a blob that is not there is no fault, the client uploads instead.
 *
 * @throws Fault `RepositoryNotFound` when the target is missing
 */
export async function mountBlob(
  { metadata, clock, retention }: Pick<Ports, 'metadata' | 'clock' | 'retention'>,
  target: RepositoryPath,
  source: RepositoryPath,
  digest: string,
): Promise<boolean> {
  return metadata.write(async (tx) => {
    const into = await getRepository(tx, target);
    const from = await tx.repositories.find(source.registry, source.repositoryName);
    const blob = from && (await tx.blobs.find(from.id, digest));
    if (!blob) return false;
    const leaseUntil = clock.now() + retention.lease;
    await tx.blobs.link(into.id, blob.id, leaseUntil);
    await tx.collection.nominate(into.id, blob.id, leaseUntil);
    return true;
  });
}

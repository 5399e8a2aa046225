import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import type { Ports } from '../ports.ts';
import { getRepository, namesOf, type RepositoryPath } from '../repository/repository-path.ts';

/**
 * Takes the blob out of the repository's sight, at once and for everybody: from now on it answers as if it had never been
 * here, until it is pushed or mounted again, or an image that named it is restored. Promises that were given for it are void;
 * the bytes stay through the grace, for downloads that began before.
 *
 * A blob that an image of the repository names does not go, as ECR's images keep their layers: it goes when the last such image does.
 *
 * @throws Fault `RepositoryNotFound`, `BlobUnknown`, `BlobReferenced`
 */
export async function deleteBlob(
  { metadata, clock, retention }: Pick<Ports, 'metadata' | 'clock' | 'retention'>,
  path: RepositoryPath,
  digest: string,
): Promise<void> {
  await metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    const blob = await tx.blobs.find(repository.id, digest);
    if (!blob) throw new Fault('BlobUnknown', { ...namesOf(path), digest });
    if (blob.referenced) {
      throw new Fault('BlobReferenced', { ...namesOf(path), digest });
    }
    await tx.links.hide(repository.id, blob.id, clock.now() + retention.grace);
  });
  await failpoint('blob.deleted');
}

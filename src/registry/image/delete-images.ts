import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';
import { decideDeletion } from './decide-deletion.ts';
import { type ImageFailure, type ImageIdentifier, isFailure, resolveIdentifiers } from './image-identifier.ts';

export interface DeletedImages {
  /** What went away, in the order of the request; an image named by digest once for each tag it had. */
  readonly deleted: readonly ImageIdentifier[];
  /** What did not, in the order of the request. */
  readonly failures: readonly ImageFailure[];
}

/**
 * Deletes images and tags: the one rule behind BatchDeleteImage and the distribution protocol's DELETE.
 *
 * One transaction, judged by the state before it, in at most eight statements whatever the number of identifiers, of tags
 * or of images in the repository. When it fulfils, what it says is gone is gone durably; the bytes follow, once nothing
 * else needs them and the grace is over.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function deleteImages(
  { metadata, clock, retention }: Pick<Ports, 'metadata' | 'clock' | 'retention'>,
  path: RepositoryPath,
  imageIds: readonly ImageIdentifier[],
): Promise<DeletedImages> {
  return metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    const identifiers = await resolveIdentifiers(tx, repository.id, imageIds);
    const named = new Set(identifiers.flatMap((identifier) => (isFailure(identifier) ? [] : [identifier.image.id])));
    const decision = decideDeletion(identifiers, {
      tags: await tx.tags.ofImages([...named]),
      parents: await tx.images.parentsOf([...named]),
    });
    await tx.tags.delete(repository.id, decision.tags);
    if (decision.images.length > 0) {
      await tx.collection.nominateBlobsOf(decision.images, clock.now() + retention.grace);
      await tx.images.delete(decision.images);
    }
    return { deleted: decision.deleted, failures: decision.failures };
  });
}

import type { Deletion } from '../../metadata/image-writer.ts';
import type { MetadataTransaction, MetadataView } from '../../metadata/metadata-store.ts';
import { type Repository, scopeOf } from '../../metadata/repositories.ts';
import type { Scope } from '../../metadata/usage.ts';
import { failpoint } from '../../model/failpoint.ts';
import { type ImageFailure, type ImageIdentifier, isFailure, resolveIdentifiers } from '../image/image-identifier.ts';
import type { Ports, Retention } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';
import { type DeletionDecision, decideDeletion, type LastTagOfListed } from './decide-deletion.ts';

export interface DeletedImages {
  /** What went away, in the order of the request; an image named by digest once for each tag it had. */
  readonly deleted: readonly ImageIdentifier[];
  /** What did not, in the order of the request. */
  readonly failures: readonly ImageFailure[];
}

/** So many identifiers take about as long as a push. */
const FEW = 5;

/**
 * Deletes images and tags: the one rule behind BatchDeleteImage and the distribution protocol's DELETE, which part only in what
 * becomes of the last tag of an image that an index lists.
 *
 * One transaction, judged by the state before it, in a bounded number of statements whatever the number of identifiers, of
 * tags or of images in the repository. When it fulfils, what it says is gone is gone durably; the bytes follow, once nothing
 * else needs them, the undo window is closed and the grace is over.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function deleteImages(
  { metadata, clock, retention }: Pick<Ports, 'metadata' | 'clock' | 'retention'>,
  path: RepositoryPath,
  imageIds: readonly ImageIdentifier[],
  lastTag?: LastTagOfListed,
): Promise<DeletedImages> {
  const answer = await metadata.write(
    async (tx) => {
      const repository = await getRepository(tx, path);
      const decision = await judgeDeletion(tx, repository, imageIds, lastTag);
      await remove(tx, scopeOf(repository), decision, { now: clock.now(), retention });
      return { deleted: decision.deleted, failures: decision.failures };
    },
    imageIds.length > FEW ? 'bulk' : 'short',
  );
  await failpoint('images.deleted');
  return answer;
}

/** What deleting these would come to, by the state that `view` sees. */
export async function judgeDeletion(
  view: Pick<MetadataView, 'images' | 'tags'>,
  repository: Repository,
  imageIds: readonly ImageIdentifier[],
  lastTag?: LastTagOfListed,
): Promise<DeletionDecision> {
  const identifiers = await resolveIdentifiers(view, repository.id, imageIds);
  const ids = new Set(identifiers.flatMap((identifier) => (isFailure(identifier) ? [] : [identifier.image.id])));
  return decideDeletion(identifiers, { parents: await view.images.parentsOf([...ids]) }, lastTag);
}

/** Removes tags from images that stay, and images with the tags they have. */
export async function remove(
  tx: MetadataTransaction,
  scope: Scope,
  { tags, images }: Pick<DeletionDecision, 'tags' | 'images'>,
  { now, retention }: { readonly now: number; readonly retention: Retention },
): Promise<void> {
  const deletion: Deletion = { at: now, purgeAt: now + retention.undo, keepUntil: now + retention.grace };
  if (retention.undo > 0) {
    await tx.graveyard.keepTags(scope.repositoryId, [...tags, ...images.flatMap((image) => image.tags)], deletion);
  }
  await tx.tags.delete(scope.repositoryId, tags);
  if (images.length === 0) return;
  await tx.images.delete(scope, images, deletion);
  const digests = images.map((image) => image.digest);
  await tx.orphans.note(scope.repositoryId, digests, now + retention.referrers);
}

import type { MetadataTransaction } from '../../metadata/metadata-store.ts';
import type { DeletedRepository } from '../../metadata/repositories.ts';
import { failpoint } from '../../model/failpoint.ts';
import { endUpload } from '../layer/upload-session.ts';
import type { Ports } from '../ports.ts';

/** How many images or uploads of a deleted repository one transaction takes. */
export const DISMANTLE_BATCH = 50;

/** How long a repository waits whose blobs are still kept: by a lease, a grace or an image that is not purged yet. */
const NEXT_LOOK = 1_000;

/**
 * Takes apart one batch of what is left of a deleted repository: its images become deleted images, under the repository's
 * own undo window; its uploads end; and its row goes when the window is closed and the collector has taken the rest. Answers
 * whether any was to be looked at by `due`: a round that says when it began looks at each once, however long it takes.
 */
export async function dismantle(
  { metadata, clock, retention }: Pick<Ports, 'metadata' | 'clock' | 'retention'>,
  due: number = clock.now(),
): Promise<boolean> {
  const looked = await metadata.write(async (tx) => {
    const now = clock.now();
    const [repository] = await tx.repositories.takeDismantled(due, 1);
    if (!repository) return false;
    const { repositoryId, purgeAt } = repository;
    if (await takeSome(tx, repository, now, retention.grace)) return true;
    const gone = now >= purgeAt && (await tx.repositories.deleteEmpty(repositoryId));
    if (gone) await tx.usage.forget(repositoryId);
    else await tx.repositories.postponeDismantling(repositoryId, Math.max(purgeAt, now + NEXT_LOOK));
    return true;
  }, 'bulk');
  if (looked) await failpoint('repository.dismantled');
  return looked;
}

async function takeSome(
  tx: MetadataTransaction,
  { repositoryId, registryKey, deletedAt, purgeAt }: DeletedRepository,
  now: number,
  grace: number,
): Promise<boolean> {
  const images = await tx.images.listTagged(repositoryId, {
    tagged: undefined,
    after: undefined,
    limit: DISMANTLE_BATCH,
  });
  const deletion = { at: deletedAt, purgeAt, keepUntil: deletedAt + grace };
  if (purgeAt > deletedAt) {
    const tags = images.flatMap((image) => image.tags);
    await tx.graveyard.keepTags(repositoryId, tags, deletion);
  }
  await tx.images.delete({ repositoryId, registryKey }, images, deletion);
  const uploads = await tx.uploads.listOfRepository(repositoryId, DISMANTLE_BATCH);
  for (const upload of uploads) await endUpload(tx, upload, now);
  return images.length + uploads.length > 0;
}

import { byRepository } from '../../metadata/usage.ts';
import { failpoint } from '../../model/failpoint.ts';
import type { Ports } from '../ports.ts';

/** How many images one transaction purges: their references are many, and pushes wait for it. */
export const PURGE_BATCH = 50;
export const PURGE_TAGS_BATCH = 500;

/**
 * Removes what is left of one batch of deleted images that may not be restored any more: manifests, what they name, and the
 * names that led to them. From then on only lease and grace keep the blobs. Answers how many went; fewer than a batch: none
 * is left for now.
 */
export async function purge({ metadata, clock }: Pick<Ports, 'metadata' | 'clock'>): Promise<number> {
  const purged = await metadata.write(async (tx) => {
    const images = await tx.graveyard.takePurgeable(clock.now(), PURGE_BATCH);
    for (const [scope, group] of byRepository(images)) await tx.graveyard.purge(scope, group);
    return images.length;
  }, 'bulk');
  if (purged > 0) await failpoint('images.purged');
  return purged;
}

/** Forgets one batch of deleted tags that may not be restored any more; answers how many. */
export async function purgeTags({ metadata, clock }: Pick<Ports, 'metadata' | 'clock'>): Promise<number> {
  return metadata.write((tx) => tx.graveyard.purgeTags(clock.now(), PURGE_TAGS_BATCH));
}

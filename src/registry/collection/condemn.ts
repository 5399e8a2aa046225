import { byRepository } from '../../metadata/usage.ts';
import { failpoint } from '../../model/failpoint.ts';
import type { Ports } from '../ports.ts';

/** How many links one transaction looks at: few enough that pushes waiting for it do not notice. */
export const CONDEMN_BATCH = 200;

export interface Condemned {
  /** Links that went. Fewer than a batch: none is left for now. */
  readonly unlinked: number;
  /** Blobs that nobody needs, whose keys are trash now, and their bytes. */
  readonly blobs: number;
  readonly bytes: number;
}

/**
 * Takes one batch of blobs that nothing needs, and whose lease and grace are over, out of their repositories' sight. When no
 * repository sees a blob any more its row goes and its key becomes trash. One transaction.
 */
export async function condemn({ metadata, clock }: Pick<Ports, 'metadata' | 'clock'>): Promise<Condemned> {
  const condemned = await metadata.write(async (tx) => {
    const now = clock.now();
    const idle = await tx.links.takeIdle(now, CONDEMN_BATCH);
    if (idle.length === 0) return { unlinked: 0, blobs: 0, bytes: 0 };
    for (const [scope, links] of byRepository(idle)) {
      await tx.links.remove(
        scope,
        links.map((link) => link.blobId),
      );
    }
    const suspects = [...new Set(idle.map((link) => link.blobId))];
    const { blobs, bytes } = await tx.collection.condemn(suspects, now);
    return { unlinked: idle.length, blobs, bytes };
  }, 'bulk');
  if (condemned.unlinked > 0) await failpoint('links.condemned');
  return condemned;
}

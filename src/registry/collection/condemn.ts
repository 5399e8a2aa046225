import type { Candidate } from '../../metadata/collection.ts';
import type { MetadataTransaction } from '../../metadata/metadata-store.ts';
import type { Ports } from '../ports.ts';

/** How many candidates one transaction looks at: few enough that pushes waiting for it do not notice. */
export const CONDEMN_BATCH = 200;

export interface Condemned {
  /** Candidates looked at. Fewer than a batch: none is left for now. */
  readonly examined: number;
  /** Blobs that nobody needs, whose keys are trash now, and their bytes. */
  readonly blobs: number;
  readonly bytes: number;
}

/**
 * Looks at one batch of candidates afresh: a blob that an image of the repository names stays; one under a lease is looked
 * at again when the lease ends; any other leaves the repository, and when no repository sees it any more its row goes and
 * its key becomes trash. One transaction.
 */
export async function condemn({ metadata, clock }: Pick<Ports, 'metadata' | 'clock'>): Promise<Condemned> {
  return metadata.write(async (tx) => {
    const now = clock.now();
    const candidates = await tx.collection.listDue(now, CONDEMN_BATCH);
    for (const [repositoryId, ofRepository] of Map.groupBy(candidates, (candidate) => candidate.repositoryId)) {
      await settle(tx, repositoryId, ofRepository, now);
    }
    const suspects = [...new Set(candidates.filter((candidate) => !candidate.referenced).map(({ blobId }) => blobId))];
    const { blobs, bytes } = await tx.collection.condemn(suspects, now);
    return { examined: candidates.length, blobs, bytes };
  });
}

async function settle(
  tx: MetadataTransaction,
  repositoryId: number,
  candidates: readonly Candidate[],
  now: number,
): Promise<void> {
  const {
    leased = [],
    unused = [],
    settled = [],
  } = Object.groupBy(candidates, (candidate) => {
    if (candidate.referenced || candidate.leaseUntil === undefined) return 'settled';
    return candidate.leaseUntil > now ? 'leased' : 'unused';
  });
  await tx.collection.postponeToLease(repositoryId, idsOf(leased));
  await tx.collection.unlink(repositoryId, idsOf(unused));
  await tx.collection.forget(repositoryId, idsOf([...unused, ...settled]));
}

function idsOf(candidates: readonly Candidate[]): number[] {
  return candidates.map((candidate) => candidate.blobId);
}

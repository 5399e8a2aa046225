import { failpoint } from '../../model/failpoint.ts';
import { reasonOf } from '../../model/store-unavailable.ts';
import type { Ports } from '../ports.ts';

/** How many keys one call to the store erases. S3 takes as many at once. */
export const ERASE_BATCH = 1000;

/**
 * In milliseconds: how long a batch is left to the process that took it. One that has not come back by then has most likely
 * ended; if it comes back all the same, what it erases is dead, whoever else has erased it.
 */
export const ERASE_TIME = 120_000;

const FIRST_RETRY = 10_000;
const LAST_RETRY = 3_600_000;

export interface Erased {
  /** Keys tried. Fewer than a batch: none is left for now. */
  readonly tried: number;
  readonly erased: number;
  readonly bytes: number;
}

/**
 * Erases one batch of trash. The store is asked outside any transaction, and a key is forgotten only after the store has
 * let go of it durably; whatever is interrupted is done again. Keys that fail are tried later, each time after twice as
 * long, up to an hour.
 */
export async function erase({ metadata, blobs, clock }: Pick<Ports, 'metadata' | 'blobs' | 'clock'>): Promise<Erased> {
  const trash = await metadata.write((tx) => {
    const now = clock.now();
    return tx.collection.takeTrash(now, ERASE_BATCH, now + ERASE_TIME);
  }, 'bulk');
  if (trash.length === 0) return { tried: 0, erased: 0, bytes: 0 };
  await failpoint('trash.listed');
  const failures = await blobs.erase(trash.map(({ storageKey }) => storageKey));
  const gone = trash.filter(({ storageKey }) => !failures.has(storageKey));
  await metadata.write(async (tx) => {
    await tx.collection.forgetTrash(gone);
    for (const { storageKey, attempts } of trash) {
      const failure = failures.get(storageKey);
      if (!failure) continue;
      const notBefore = clock.now() + Math.min(FIRST_RETRY * 2 ** attempts, LAST_RETRY);
      await tx.collection.postponeTrash({ storageKey, notBefore, error: reasonOf(failure) });
    }
  }, 'bulk');
  await failpoint('trash.forgotten');
  return { tried: trash.length, erased: gone.length, bytes: gone.reduce((sum, { size }) => sum + size, 0) };
}

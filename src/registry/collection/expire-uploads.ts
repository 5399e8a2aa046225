import { endUpload } from '../layer/upload-session.ts';
import type { Ports } from '../ports.ts';

export const EXPIRE_BATCH = 100;

/** Ends one batch of uploads whose time has run out; their bytes go the way of collection. Answers how many. */
export async function expireUploads({ metadata, clock }: Pick<Ports, 'metadata' | 'clock'>): Promise<number> {
  return metadata.write(async (tx) => {
    const expired = await tx.uploads.takeExpired(clock.now(), EXPIRE_BATCH);
    for (const upload of expired) await endUpload(tx, upload, clock.now());
    return expired.length;
  }, 'bulk');
}

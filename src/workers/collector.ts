import { CONDEMN_BATCH, condemn } from '../registry/collection/condemn.ts';
import { ERASE_BATCH, erase } from '../registry/collection/erase.ts';
import { EXPIRE_BATCH, expireUploads } from '../registry/collection/expire-uploads.ts';
import type { PullRecorder } from '../registry/image/pull-recorder.ts';
import type { Ports } from '../registry/ports.ts';

/** What one round brought back. */
export interface Collected {
  readonly expiredUploads: number;
  readonly condemnedBlobs: number;
  readonly erasedBytes: number;
}

/**
 * One round of collection: unfinished uploads expire, unused blobs are condemned, trash is erased, each until nothing is
 * due. Every batch is a short transaction of its own, so pushes go on in between.
 */
export async function collect(
  ports: Pick<Ports, 'metadata' | 'blobs' | 'clock'> & { readonly pulls: PullRecorder },
): Promise<Collected> {
  await ports.pulls.flush(ports);
  const collected = { expiredUploads: 0, condemnedBlobs: 0, erasedBytes: 0 };
  for (let expired = EXPIRE_BATCH; expired === EXPIRE_BATCH; ) {
    expired = await expireUploads(ports);
    collected.expiredUploads += expired;
  }
  for (let examined = CONDEMN_BATCH; examined === CONDEMN_BATCH; ) {
    const round = await condemn(ports);
    examined = round.examined;
    collected.condemnedBlobs += round.blobs;
  }
  for (let tried = ERASE_BATCH; tried === ERASE_BATCH; ) {
    const round = await erase(ports);
    tried = round.tried;
    collected.erasedBytes += round.bytes;
  }
  return collected;
}

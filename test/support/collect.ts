import { CONDEMN_BATCH, condemn } from '../../src/registry/collection/condemn.ts';
import { ERASE_BATCH, erase } from '../../src/registry/collection/erase.ts';
import { EXPIRE_BATCH, expireUploads } from '../../src/registry/collection/expire-uploads.ts';
import type { Ports } from '../../src/registry/ports.ts';

/** Does at once what the workers do over time, until nothing is left to do at this hour. */
export async function collect(ports: Pick<Ports, 'metadata' | 'blobs' | 'clock'>): Promise<void> {
  while ((await expireUploads(ports)) === EXPIRE_BATCH);
  while ((await condemn(ports)).examined === CONDEMN_BATCH);
  while ((await erase(ports)).tried === ERASE_BATCH);
}

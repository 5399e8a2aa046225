import type { RepositoryBlob } from '../../metadata/blobs.ts';
import type { Ports } from '../ports.ts';

/** In milliseconds. A client needs some time from an address to the first byte; what is shorter is not worth its second request. */
const SHORTEST = 60_000;

/**
 * For how many milliseconds the bytes cannot be erased. Of a blob that an image names that is the grace, should the image be
 * deleted this very moment; of any other, the rest of its lease or grace.
 */
export function staysFor(
  { clock, retention }: Pick<Ports, 'clock' | 'retention'>,
  { referenced, keepUntil }: Pick<RepositoryBlob, 'referenced' | 'keepUntil'>,
): number {
  return Math.max(referenced ? retention.grace : 0, keepUntil - clock.now());
}

/**
 * An address in the store itself from which whoever has it can fetch the bytes, for so many milliseconds at the most. It
 * never leads to bytes that may be erased while it is good. Nothing where the store gives none, or the bytes may go too soon:
 * then they have to come from here.
 */
export async function linkBlob(
  ports: Pick<Ports, 'blobs' | 'clock' | 'retention'>,
  blob: Pick<RepositoryBlob, 'storageKey' | 'referenced' | 'keepUntil'>,
  longest: number,
): Promise<string | undefined> {
  const lifetime = Math.min(longest, staysFor(ports, blob));
  if (lifetime < SHORTEST) return undefined;
  return ports.blobs.link?.(blob.storageKey, Math.floor(lifetime / 1000));
}

import type { UploadStore } from '../../blobs/blob-store.ts';
import { portionsOf } from '../portions.ts';
import type { Ports } from '../ports.ts';

/** Looked up together. */
const TOGETHER = 200;

type Needs = Pick<Ports, 'metadata' | 'clock' | 'retention'> & {
  readonly uploads: Pick<UploadStore, 'listUnfinished'>;
};

/**
 * Makes trash of what the store keeps for bytes that are not finished, and that no upload knows: a process was killed between
 * beginning it and noting so. It must be as old as an upload becomes that nobody goes on with; whoever is at work on it after
 * so long finds it gone, as he finds his upload. Answers how many.
 */
export async function sweepUploads({ metadata, uploads, clock, retention }: Needs): Promise<number> {
  const unfinished = uploads.listUnfinished?.(clock.now() - retention.upload) ?? [];
  let swept = 0;
  for await (const portion of portionsOf(unfinished, TOGETHER)) {
    const names = portion.map(({ key }) => key);
    const unknown = await metadata.read((view) => view.inspection.blobs.findUnknown(names));
    if (unknown.size === 0) continue;
    await metadata.write(async (tx) => {
      for (const storageKey of unknown) {
        await tx.collection.discard({ storageKey, size: 0, notBefore: clock.now() });
      }
    }, 'bulk');
    swept += unknown.size;
  }
  return swept;
}

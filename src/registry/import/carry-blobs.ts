import { carried } from '../../metadata/carried-tables.ts';
import type { MetadataView } from '../../metadata/metadata-store.ts';
import type { Row } from '../../metadata/transfer.ts';
import { parseDigest } from '../../model/digest.ts';
import { failpoint } from '../../model/failpoint.ts';
import { parseStorageKey } from '../../model/ids.ts';
import type { Claim } from './claim.ts';
import { pairs, rowsIn, rowsWithin } from './compare-rows.ts';
import { copyBytes } from './copy-bytes.ts';
import type { ImportPorts } from './import-ports.ts';
import { ImportRefused } from './import-refused.ts';
import { sideBySide } from './side-by-side.ts';

/** Enough that a store far away is kept busy, few enough that parts of large blobs fit into memory. */
const AT_ONCE = 8;

const BLOB = carried('blob');

/** A blob that the target has now. */
export interface CarriedBlob {
  readonly bytes: number;
  /** `found` when a run before this one had copied it; `lost` when the source does not have its bytes: the target has its row, as the source does. */
  readonly how: 'copied' | 'found' | 'lost';
}

/** Copies every blob of the snapshot that the target does not have, bytes before rows. */
export function carryBlobs(ports: ImportPorts, view: MetadataView, claim: Claim): AsyncGenerator<CarriedBlob> {
  const all = pairs(BLOB, rowsWithin(view.transfer), rowsIn(ports.target.metadata));
  return sideBySide(all, AT_ONCE, async ({ source, target }): Promise<CarriedBlob> => {
    if (!source) throw new Error(`The target has a blob that the source does not: ${String(target?.['digest'])}`);
    const bytes = Number(source['size']);
    return target ? { how: 'found', bytes } : { how: await carryBlob(ports, claim, source), bytes };
  });
}

async function carryBlob(ports: ImportPorts, claim: Claim, row: Row): Promise<'copied' | 'lost'> {
  const copied = await copyNamed(ports, row);
  if (copied === undefined) await expectKept(ports, row);
  const storageKey = copied ?? ports.ids.storageKey();
  await claim.write(async (tx) => {
    await tx.transfer.insert(BLOB, [{ ...row, storage_key: storageKey }]);
    await tx.usage.addToStore('blobs', { count: 1, bytes: Number(row['size']) });
  });
  await failpoint('import.noted');
  return copied === undefined ? 'lost' : 'copied';
}

/** Names that are none lead to no bytes; the check at the end tells of them. */
async function copyNamed(ports: ImportPorts, row: Row) {
  const digest = parseDigest(String(row['digest']));
  const storageKey = parseStorageKey(String(row['storage_key']));
  return digest && storageKey && copyBytes(ports, { digest, storageKey, size: Number(row['size']) });
}

/** Bytes that are gone because their blob is gone by now are not lost: the source is in use. */
async function expectKept({ source }: ImportPorts, row: Row): Promise<void> {
  const [id, storageKey] = [Number(row['id']), String(row['storage_key'])];
  if (await source.metadata.read((view) => view.inspection.blobs.isUnder(id, storageKey))) return;
  throw new ImportRefused(
    'something was deleted from the source since the import began\nStop the servers of the source, and run the same command again to go on.',
  );
}

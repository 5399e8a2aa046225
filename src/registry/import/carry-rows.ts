import { CARRIED, type Carried, USAGE } from '../../metadata/carried-tables.ts';
import type { MetadataStore, MetadataTransaction, MetadataView } from '../../metadata/metadata-store.ts';
import type { Schema } from '../../metadata/schema.ts';
import { COUNTERS } from '../../metadata/usage.ts';
import { failpoint } from '../../model/failpoint.ts';
import { parseStorageKey } from '../../model/ids.ts';
import { portionsOf } from '../portions.ts';
import type { Claim } from './claim.ts';
import { isSame, PAGE, type Pair, pairs, rowsIn, rowsWithin } from './compare-rows.ts';
import type { ImportPorts } from './import-ports.ts';
import { ImportRefused } from './import-refused.ts';

/** Every table but that of the blobs, whose rows come one by one with their bytes. */
const ROWS = CARRIED.filter((table) => table.name !== 'blob');

/** So many rows of a table are in the target now that were not before. */
export interface CarriedRows {
  readonly table: Carried;
  readonly rows: number;
}

/** Copies every row of the snapshot that the target does not have: it has the first ones of each table, or none. */
export async function* carryRows(
  { target }: ImportPorts,
  view: MetadataView,
  claim: Claim,
): AsyncGenerator<CarriedRows> {
  for (const table of ROWS) {
    const last = await target.metadata.read((there) => there.transfer.last(table));
    let page = await view.transfer.list(table, last, PAGE);
    for (; page.length > 0; page = await view.transfer.list(table, page.at(-1), PAGE)) {
      const rows = page;
      await claim.write((tx) => tx.transfer.insert(table, rows));
      await failpoint('import.rows');
      yield { table, rows: rows.length };
    }
    await claim.write((tx) => tx.transfer.sizeUp(table));
  }
}

/**
 * Takes back what a run before this one has copied and the source has changed since: all rows, which are soon copied again,
 * and the blobs that are not the source's any more.
 */
export async function takeBack({ target, clock }: ImportPorts, view: MetadataView, claim: Claim): Promise<void> {
  for (const table of ROWS.toReversed()) {
    while ((await claim.write((tx) => tx.transfer.removeLast(table, PAGE))) > 0) await failpoint('import.taken-back');
  }
  const [blob] = CARRIED;
  if (!blob) return;
  for await (const pair of pairs(blob, rowsWithin(view.transfer), rowsIn(target.metadata))) {
    const stale = pair.target;
    if (!stale || isSame(blob, pair)) continue;
    await claim.write(async (tx) => {
      const size = Number(stale['size']);
      await tx.transfer.remove(blob, stale);
      await tx.usage.addToStore('blobs', { count: -1, bytes: -size });
      const storageKey = parseStorageKey(String(stale['storage_key']));
      if (storageKey) await tx.collection.discard({ storageKey, size, notBefore: clock.now() });
    });
    await failpoint('import.taken-back');
  }
}

/** Makes the counters of repositories and registries what the snapshot says, whatever they are. */
export async function carryUsage({ target }: ImportPorts, view: MetadataView, claim: Claim): Promise<void> {
  for await (const some of portionsOf(wrongUsage(view, target.metadata), PAGE)) {
    await claim.write(async (tx) => {
      for (const pair of some) await shiftUsage(tx, pair);
    });
  }
}

async function* wrongUsage(view: MetadataView, target: Pick<MetadataStore, 'read'>): AsyncGenerator<Pair> {
  for await (const pair of pairs(USAGE, rowsWithin(view.transfer), rowsIn(target))) {
    if (!isSame(USAGE, pair)) yield pair;
  }
}

async function shiftUsage(tx: MetadataTransaction, { source, target }: Pair): Promise<void> {
  const { scope, id } = (source ?? target) as unknown as Schema['usage'];
  const by = COUNTERS.map((name) => [name, Number(source?.[name] ?? 0) - Number(target?.[name] ?? 0)] as const);
  await tx.repairs.shiftUsage(scope, id, Object.fromEntries(by));
}

/**
 * Compares every row of the snapshot with the target's; answers how many there are, by table.
 *
 * @throws ImportRefused when they are not the same
 */
export async function* compareRows({ target }: ImportPorts, view: MetadataView): AsyncGenerator<CarriedRows> {
  for (const table of CARRIED) {
    let rows = 0;
    for await (const pair of pairs(table, rowsWithin(view.transfer), rowsIn(target.metadata))) {
      if (!isSame(table, pair)) {
        throw new ImportRefused(
          `the table ${table.name} has become another than the source's: does something else write to the target?\nStop it, and run the same command again.`,
        );
      }
      rows += 1;
      if (rows % PAGE === 0) yield { table, rows: PAGE };
    }
    yield { table, rows: rows % PAGE };
  }
}

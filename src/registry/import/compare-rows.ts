import { CARRIED, type Carried } from '../../metadata/carried-tables.ts';
import type { MetadataStore } from '../../metadata/metadata-store.ts';
import type { Row, TransferReader } from '../../metadata/transfer.ts';

/** Rows read at once. */
export const PAGE = 500;

/** Where rows come from: a snapshot, or a store that nobody but the reader writes to. */
export type List = TransferReader['list'];

export function rowsWithin(transfer: TransferReader): List {
  return (...page) => transfer.list(...page);
}

export function rowsIn(metadata: Pick<MetadataStore, 'read'>): List {
  return (...page) => metadata.read((view) => view.transfer.list(...page));
}

/** What one key has in the source and in the target; in one of them at least. */
export interface Pair {
  readonly source: Row | undefined;
  readonly target: Row | undefined;
}

/** All rows of a table that are in the source, in the target or in both, side by side, in order of key; or those up to the target's last. */
export async function* pairs(
  table: Carried,
  source: List,
  target: List,
  upTo: 'both' | 'target' = 'both',
): AsyncGenerator<Pair> {
  const [ours, theirs] = [rows(table, source), rows(table, target)];
  let [one, other] = [await ours.next(), await theirs.next()];
  while (other.value || (one.value && upTo === 'both')) {
    const order = !one.value ? 1 : !other.value ? -1 : compareKeys(table, one.value, other.value);
    yield { source: order <= 0 ? one.value : undefined, target: order >= 0 ? other.value : undefined };
    if (order <= 0) one = await ours.next();
    if (order >= 0) other = await theirs.next();
  }
}

/** Whether the two say the same, but for what each store says for itself. */
export function isSame(table: Carried, { source, target }: Pair): boolean {
  if (!source || !target) return false;
  return table.columns.every((column) => {
    const [ours, theirs] = [source[column], target[column]];
    if (ours instanceof Uint8Array && theirs instanceof Uint8Array) return Buffer.compare(ours, theirs) === 0;
    return ours === theirs || table.own.includes(column);
  });
}

/**
 * Whether the target has nothing but what an import of this source would have written so far: of the blobs any, of each other
 * table the first rows.
 */
export async function isBeginningOf(source: List, target: List): Promise<boolean> {
  for (const table of CARRIED) {
    let missing = false;
    for await (const pair of pairs(table, source, target, 'target')) {
      if (pair.target === undefined) missing = true;
      else if (!isSame(table, pair) || (missing && table.name !== 'blob')) return false;
    }
  }
  return true;
}

async function* rows(table: Carried, list: List): AsyncGenerator<Row, undefined> {
  let page = await list(table, undefined, PAGE);
  while (page.length > 0) {
    yield* page;
    page = await list(table, page.at(-1), PAGE);
  }
}

/** As databases order them: numbers by size, text by its bytes. */
function compareKeys({ key }: Carried, one: Row, other: Row): number {
  for (const column of key) {
    const [a, b] = [one[column], other[column]];
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : Buffer.compare(bytesOf(a), bytesOf(b));
    if (order !== 0) return order;
  }
  return 0;
}

function bytesOf(value: Row[string] | undefined): Buffer {
  return Buffer.from(String(value));
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from '../load/findings.ts';
import { liveBytes } from '../load/live-bytes.ts';
import type { Load } from '../load/load.ts';
import { quote, Wire } from '../load/wire.ts';
import { type Objects, objectsIn } from './bucket.ts';
import { type Cluster, STORE_ID } from './cluster.ts';
import type { Registers } from './registers.ts';
import { contradictionsInRows, endClaims, rowsLeft, withRows } from './rows.ts';

export interface Checked {
  readonly cluster: Cluster;
  readonly load: Load;
  readonly registers: Registers;
  readonly journal: Journal;
}

/** What was in the bucket at the end. */
export interface Left {
  /** What images needed, and what was there. */
  readonly live: number;
  readonly objects: number;
  /** Bytes of uploads that ended with their process, before anybody had noted them: objects, and gatherings of parts. */
  readonly strays: number;
  readonly gatherings: number;
  /** What was there when no image was left, but for those. */
  readonly last: number;
}

/** Compares all that clients know with what the processes have, and the rows with each other. Nothing may be under way. */
export async function checkCluster({ cluster, load, registers, journal }: Checked): Promise<void> {
  await registers.check(cluster.doors());
  await load.check(cluster.door());
  for (const text of await contradictionsInRows(cluster.databaseUrl)) journal.find('store', text);
  await runFsck(cluster, journal, false);
}

/** When leases and uploads are over, the bucket has to hold what is live and nothing else; then, without images, nothing. */
export async function checkEnd(checked: Checked, patience: number): Promise<Left> {
  const { cluster, load, registers, journal } = checked;
  // Byte for byte through every process.
  for (const door of cluster.doors()) await load.check(door);
  await runFsck(cluster, journal, true);
  const wanted = (await liveBytes(cluster.door(), journal)).files;
  const full = await settle(cluster, wanted, patience);
  if (full.ours.length !== wanted) {
    journal.find('store', `${wanted} blobs are live, and in the bucket are ${full.ours.length} that are no strays`);
  }
  await load.clear(cluster.door());
  await registers.clear(cluster.door());
  const empty = await settle(cluster, 0, patience);
  if (empty.ours.length > 0) journal.find('store', `nothing is live, and in the bucket are ${empty.ours.join(', ')}`);
  const rows = await rowsLeft(cluster.databaseUrl);
  if (Object.keys(rows).length > 0)
    journal.find('store', `nothing is live, and there are rows: ${JSON.stringify(rows)}`);
  for (const text of await contradictionsInRows(cluster.databaseUrl)) journal.find('store', text);
  return {
    live: wanted,
    objects: full.ours.length,
    strays: empty.strays.length,
    gatherings: empty.gatherings.length,
    last: empty.ours.length,
  };
}

/** Berth's own check, through one of the processes. */
async function runFsck(cluster: Cluster, journal: Journal, deep: boolean): Promise<void> {
  using wire = await Wire.connect(cluster.door(), journal);
  const reply = await wire.operate('fsck', { deep });
  const lines = reply.body.toString('utf8').split('\n');
  const said = lines.filter((line) => line.includes('"finding"') || line.includes('"error"'));
  if (reply.outcome !== 'ok' || !lines.some((line) => line.includes('"total"'))) said.push(quote(reply));
  for (const line of said) journal.find('store', `fsck says: ${line}`);
}

interface Bucket {
  /** Keys that a row names, or has named. */
  readonly ours: readonly string[];
  /** Keys that no row has ever named. */
  readonly strays: readonly string[];
  readonly gatherings: readonly string[];
}

/** What is in the bucket once as much is there as wanted, or when everybody has had the time to see to it. */
async function settle(cluster: Cluster, wanted: number, patience: number): Promise<Bucket> {
  const deadline = performance.now() + patience + 10_000;
  for (;;) {
    // What was taken by a process that is gone, or failed while the store was: its time is over.
    await endClaims(cluster.databaseUrl);
    const bucket = await sort(cluster, await objectsIn(cluster));
    const rows = await rowsLeft(cluster.databaseUrl);
    const isIdle = (rows['gc_trash'] ?? 0) === 0 && (rows['upload'] ?? 0) === 0 && (wanted > 0 || !rows['blob']);
    if ((isIdle && bucket.ours.length === wanted) || performance.now() > deadline) return bucket;
    await sleep(500);
  }
}

async function sort({ databaseUrl }: Cluster, { sizes, uploads }: Objects): Promise<Bucket> {
  const keys = [...sizes.keys()].filter((key) => key !== STORE_ID).map((key) => key.slice(key.lastIndexOf('/') + 1));
  const named = await withRows(databaseUrl, async (client) => {
    const { rows } = await client.query<{ key: string }>('SELECT key FROM named_key');
    return new Set(rows.map(({ key }) => key));
  });
  const isOurs = Map.groupBy(keys, (key) => named.has(key));
  return { ours: isOurs.get(true) ?? [], strays: isOurs.get(false) ?? [], gatherings: uploads };
}

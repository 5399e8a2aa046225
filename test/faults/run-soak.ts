import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BerthProcess, startBerth } from '../support/berth-process.ts';
import { Dice } from './load/dice.ts';
import { type Finding, type FindingKind, Journal } from './load/findings.ts';
import { type Bytes, bytesOnDisk, liveBytes, strangersIn } from './load/live-bytes.ts';
import { Load } from './load/load.ts';
import { storeFindings } from './store-check.ts';

export interface SoakOptions {
  /** Ends the load, whichever comes first. */
  readonly seconds: number;
  readonly operations: number;
  readonly seed: string;
  readonly clients: number;
  /** Ends the load before that; everything is compared all the same. */
  readonly signal?: AbortSignal;
  /** An empty folder. */
  readonly folder: string;
  /** Milliseconds that the server keeps a promise; as long as the clients rely on it, if it is not to be caught lying. */
  readonly serverLease?: number;
  /** Ends at the first finding of this kind: all that is wanted to know of a server that lies. */
  readonly untilFound?: FindingKind;
  /** Hears how far it has come, every now and then, and each finding. */
  readonly say: (line: string) => void;
}

interface DiskReport {
  /** What was live and what was on the disk, before everything was deleted. */
  readonly live: Bytes;
  readonly onDisk: Bytes;
  /** What was on the disk at the end, when nothing was live. */
  readonly left: Bytes;
}

export interface SoakReport extends DiskReport {
  readonly seed: string;
  readonly seconds: number;
  /** Requests for something: a blob uploaded in three requests counts three times, as it does for the server. */
  readonly operations: number;
  readonly pushes: number;
  readonly deletes: number;
  readonly failedPushes: number;
  readonly missingBlobs: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

const NONE: Bytes = { files: 0, bytes: 0 };
const UNSEEN: DiskReport = { live: NONE, onDisk: NONE, left: NONE };

const LEASE = 4000;
const EXPIRY = 6000;
const FLAGS = ['--gc-grace', '0s', '--gc-interval', '1s', '--upload-expiry', `${EXPIRY}ms`];

/**
 * Pushes, pulls, mounts, referrers and deletes, with collection every second, no grace and short leases. Afterwards
 * everything that clients know is compared with what is there, and once leases are over the disk with what is live: first
 * with images, then with none.
 */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { seconds, operations, seed, clients, folder, say, serverLease = LEASE, untilFound } = options;
  const journal = new Journal((finding) => say(`${finding.kind}: ${finding.text}`));
  journal.mustAnswer = true;
  const isFound = () => untilFound !== undefined && journal.findingsOf(untilFound) > 0;
  const dice = new Dice(seed);
  const load = new Load({ dice, journal, clients, lease: LEASE });
  const dataDir = join(folder, 'data');
  const berth = await startBerth(['--data-dir', dataDir, '--gc-lease', `${serverLease}ms`, ...FLAGS]);
  await using _server = berth;

  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const over = new AbortController();
  options.signal?.addEventListener('abort', () => over.abort());
  let said = 0;
  const watch = setInterval(() => {
    if (elapsed() >= seconds || journal.operations >= operations) over.abort();
    if (isFound()) over.abort();
    if (elapsed() - said < 60) return;
    said = elapsed();
    const failed = journal.findingsOf('failed push');
    say(
      `${said.toFixed(0)} s: ${journal.operations} operations, ${journal.counted('pushes')} pushes, ${failed} failed`,
    );
  }, 200);
  try {
    await load.run(berth.origin, over.signal);
  } finally {
    clearInterval(watch);
  }
  const done = { seconds: elapsed(), operations: journal.operations };

  const disk = isFound() ? UNSEEN : await checkAll(load, berth, dataDir, journal);
  return {
    seed,
    ...done,
    pushes: journal.counted('pushes'),
    deletes: journal.counted('deletes'),
    failedPushes: journal.findingsOf('failed push'),
    missingBlobs: journal.findingsOf('damaged'),
    ...disk,
    counts: journal.counts,
    findings: journal.findings,
  };
}

/** Compares everything: what clients know, what is on the disk, and the store with itself. Ends the server. */
async function checkAll(load: Load, berth: BerthProcess, dataDir: string, journal: Journal): Promise<DiskReport> {
  await load.check(berth.origin);
  const live = await liveBytes(berth.origin, journal);
  const onDisk = await settled(dataDir, live);
  if (!same(live, onDisk)) journal.find('store', `live are ${inWords(live)}, on the disk ${inWords(onDisk)}`);
  await load.check(berth.origin);
  await load.clear(berth.origin);
  const left = await settled(dataDir, NONE);
  if (left.files > 0) journal.find('store', `nothing is live, and on the disk are ${inWords(left)}`);
  for (const name of await strangersIn(dataDir)) journal.find('store', `${name} lies in the data folder`);
  await berth.kill('SIGTERM');
  for (const text of await storeFindings(dataDir)) journal.find('store', text);
  return { live, onDisk, left };
}

/** What is on the disk once it is as expected, or when all leases, uploads and a few rounds of collection are over. */
async function settled(dataDir: string, expected: Bytes): Promise<Bytes> {
  const deadline = performance.now() + LEASE + EXPIRY + 5000;
  for (;;) {
    const found = await bytesOnDisk(dataDir);
    if (same(found, expected) || performance.now() > deadline) return found;
    await sleep(100);
  }
}

function same(a: Bytes, b: Bytes): boolean {
  return a.files === b.files && a.bytes === b.bytes;
}

function inWords({ files, bytes }: Bytes): string {
  return `${bytes} bytes in ${files} files`;
}

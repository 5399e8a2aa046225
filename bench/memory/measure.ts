import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type BerthProcess, startBerth } from '../../test/support/berth-process.ts';
import { RegistryClient } from './registry-client.ts';
import { peakDuring, resident } from './resident.ts';

export interface Sizes {
  /** Bytes of the one layer. */
  readonly layer: number;
  readonly streams: number;
  /** Bytes of each layer of many. */
  readonly streamLayer: number;
  readonly readers: number;
  /** How long the slow readers are watched, in milliseconds. */
  readonly readFor: number;
}

export interface Figure {
  readonly what: string;
  /** The most that the server had resident beyond what it had idle, in bytes; of slow readers, beyond what it had before them. */
  readonly memory: number;
  readonly bound: number;
  /** Bytes a second, where bytes are moved as fast as they go. */
  readonly rate?: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** What a slow reader takes each second. */
const SIP = KIB;

/** What streams cost a server in memory, kind by kind, on a server of its own with its data in `folder`. */
export async function* measureMemory(folder: string, sizes: Sizes): AsyncGenerator<Figure> {
  const dataDir = join(folder, 'data');
  await using berth = await startBerth(['--data-dir', dataDir, '--log-level', 'error']);
  const idle = await resident(berth.pid);
  const client = await RegistryClient.of(berth);
  const watched = (what: string, bytes: number, bound: number, work: () => Promise<void>) =>
    watch(berth, { what, bytes, bound, idle }, work);

  let layer = '';
  yield watched('one push', sizes.layer, 150 * MIB, async () => {
    layer = await client.push('one', 'the layer', sizes.layer);
  });
  yield watched('one pull', sizes.layer, 150 * MIB, () => pullWhole(client, layer, sizes.layer));

  const layers: string[] = [];
  const each = Array.from({ length: sizes.streams }, (_, number) => number);
  const together = sizes.streams * sizes.streamLayer;
  yield watched(`${sizes.streams} pushes`, together, 400 * MIB, async () => {
    layers.push(...(await Promise.all(each.map((n) => client.push('many', `layer ${n}`, sizes.streamLayer)))));
  });
  yield watched(`${sizes.streams} pulls`, together, 400 * MIB, async () => {
    await Promise.all(layers.map((path) => pullWhole(client, path, sizes.streamLayer)));
  });

  const before = await resident(berth.pid);
  const peak = await peakDuring(berth.pid, () => readSlowly(client, layer, sizes));
  yield { what: `${sizes.readers} slow readers`, memory: peak - before, bound: sizes.readers * 128 * KIB };
  await berth.kill('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
}

interface Watched {
  readonly what: string;
  readonly bytes: number;
  readonly bound: number;
  readonly idle: number;
}

async function watch(berth: BerthProcess, { what, bytes, bound, idle }: Watched, work: () => Promise<void>) {
  const started = performance.now();
  const peak = await peakDuring(berth.pid, work);
  return { what, memory: peak - idle, bound, rate: (bytes * 1000) / (performance.now() - started) };
}

async function pullWhole(client: RegistryClient, path: string, size: number): Promise<void> {
  const bytes = await client.pull(path);
  if (bytes !== size) throw new Error(`${path} came back with ${bytes} bytes, not ${size}`);
}

/** Many readers ask for the layer, and each takes a sip of it every second. */
async function readSlowly(client: RegistryClient, path: string, { readers, readFor }: Sizes): Promise<void> {
  const sockets: Socket[] = await Promise.all(Array.from({ length: readers }, () => client.ask(path)));
  const until = performance.now() + readFor;
  let taken = 0;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (const socket of sockets) taken += (socket.read(SIP) ?? socket.read())?.length ?? 0;
  }
  const gone = sockets.filter((socket) => socket.destroyed).length;
  for (const socket of sockets) socket.destroy();
  if (taken < readers * SIP || gone > 0)
    throw new Error(`${readers} readers took ${taken} bytes; ${gone} were cut off`);
}

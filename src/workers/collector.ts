import { CONDEMN_BATCH, condemn } from '../registry/collection/condemn.ts';
import { dismantle } from '../registry/collection/dismantle.ts';
import { ERASE_BATCH, type Erased, erase } from '../registry/collection/erase.ts';
import { expireReferrers } from '../registry/collection/expire-referrers.ts';
import { EXPIRE_BATCH, expireUploads } from '../registry/collection/expire-uploads.ts';
import { PURGE_TAGS_BATCH, purge, purgeTags } from '../registry/collection/purge.ts';
import { sweepUploads } from '../registry/collection/sweep-uploads.ts';
import type { PullRecorder } from '../registry/image/pull-recorder.ts';
import type { Ports } from '../registry/ports.ts';

/** What one round brought back. */
export interface Collected {
  readonly expiredUploads: number;
  readonly purgedImages: number;
  readonly condemnedBlobs: number;
  readonly erasedKeys: number;
  /** Bytes given back to the disk. */
  readonly erasedBytes: number;
}

/** A round that is over. Instants are milliseconds since the epoch. */
export interface Round {
  readonly beganAt: number;
  readonly endedAt: number;
  /** What it brought, or why it broke off. */
  readonly outcome: Collected | Error;
}

/** What rounds have done since the collector was made. */
export interface Totals {
  readonly succeeded: number;
  readonly failed: number;
  /** What came back, in failed rounds as well. */
  readonly erasedKeys: number;
  readonly erasedBytes: number;
}

/** So many batches of purged images are about a batch of keys to erase. */
const PURGES_AN_ERASURE = 2;

/** In milliseconds. What a sweep finds has been lying there for long; looking for it reads a list of the store. */
const SWEEP_INTERVAL = 3_600_000;

type Needs = Pick<Ports, 'metadata' | 'blobs' | 'clock' | 'retention'> & { readonly pulls: PullRecorder };

/** Runs rounds of collection, one at a time. */
export class Collector {
  readonly #ports: Needs & Pick<Ports, 'uploads'>;
  #sweptAt = -Infinity;
  #running: Promise<Collected> | undefined;
  #last: Round | undefined;
  #totals: Totals = { succeeded: 0, failed: 0, erasedKeys: 0, erasedBytes: 0 };

  constructor(ports: Needs & Pick<Ports, 'uploads'>) {
    this.#ports = ports;
  }

  /** The round that ended last. */
  get last(): Round | undefined {
    return this.#last;
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** Runs a round, or joins the one that is running. */
  run(): Promise<Collected> {
    this.#running ??= this.#round().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #round(): Promise<Collected> {
    const { clock } = this.#ports;
    const beganAt = clock.now();
    const end = (outcome: Collected | Error) => {
      this.#last = { beganAt, endedAt: clock.now(), outcome };
      const { succeeded, failed } = this.#totals;
      const isFailure = outcome instanceof Error;
      this.#totals = { ...this.#totals, ...(isFailure ? { failed: failed + 1 } : { succeeded: succeeded + 1 }) };
    };
    try {
      await this.#sweep();
      const collected = await collect(this.#ports, ({ erased, bytes }) => {
        const { erasedKeys, erasedBytes } = this.#totals;
        this.#totals = { ...this.#totals, erasedKeys: erasedKeys + erased, erasedBytes: erasedBytes + bytes };
      });
      end(collected);
      return collected;
    } catch (error) {
      end(error as Error);
      throw error;
    }
  }

  /** Seldom, however often there are rounds; one that fails is not tried again before its time. */
  async #sweep(): Promise<void> {
    const now = this.#ports.clock.now();
    if (now - this.#sweptAt < SWEEP_INTERVAL) return;
    this.#sweptAt = now;
    await sweepUploads(this.#ports);
  }
}

/**
 * One round of collection, each step until nothing is due: referrers and uploads expire, deleted repositories are taken
 * apart, deleted images are purged, unused blobs are condemned, trash is erased. Every batch is a short transaction of its
 * own, so pushes go on in between. `onErased` hears of each batch that is erased.
 */
export async function collect(ports: Needs, onErased: (batch: Erased) => void = () => {}): Promise<Collected> {
  await ports.pulls.flush(ports);
  while (await expireReferrers(ports));
  const due = ports.clock.now();
  while (await dismantle(ports, due));
  const expiredUploads = await batches(EXPIRE_BATCH, () => expireUploads(ports));
  await batches(PURGE_TAGS_BATCH, () => purgeTags(ports));
  const collected = { expiredUploads, purgedImages: 0, condemnedBlobs: 0, erasedKeys: 0, erasedBytes: 0 };
  // In turns, so that bytes leave the disk also while others delete faster than all of it can be purged. What an index
  // lists is due only when the index is gone: a batch that is not full may be followed by another.
  for (let busy = true; busy; ) {
    let purged = 0;
    for (let turn = 0; turn < PURGES_AN_ERASURE; turn++) {
      purged += await purge(ports);
      await batches(CONDEMN_BATCH, async () => {
        const { unlinked, blobs } = await condemn(ports);
        collected.condemnedBlobs += blobs;
        return unlinked;
      });
    }
    const batch = await erase(ports);
    onErased(batch);
    collected.purgedImages += purged;
    collected.erasedKeys += batch.erased;
    collected.erasedBytes += batch.bytes;
    busy = purged > 0 || batch.tried === ERASE_BATCH;
  }
  return collected;
}

/** Runs batches until one is not full; answers what they took together. */
async function batches(size: number, run: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let taken = size; taken === size; ) {
    taken = await run();
    total += taken;
  }
  return total;
}

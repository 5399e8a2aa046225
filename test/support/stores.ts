import { randomIds } from '../../src/model/ids.ts';
import type { Ports, Retention } from '../../src/registry/ports.ts';
import { type Bytes, totalOf } from './stored/bytes.ts';
import { findPlace, type Place } from './stored/place.ts';
import type { Rows } from './stored/rows.ts';
import { TestClock } from './test-clock.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const TEST_RETENTION: Retention = {
  grace: 10 * MINUTE,
  lease: HOUR,
  upload: 24 * HOUR,
  undo: 0,
  referrers: 23 * HOUR,
};

/**
 * The real stores, in a place of their own, under a clock that the test turns: SQLite and the file system, or, where
 * `vitest.scaled.config.ts` says so, PostgreSQL and S3.
 */
export interface Stores {
  readonly ports: Ports;
  readonly clock: TestClock;
  readonly rows: Rows;
  readonly bytes: Bytes;
  /** How many bytes are stored, finished or not. */
  bytesStored(): Promise<number>;
  /** Opens the same place once more, as a process does that starts. It is this one's all the same, and goes with it. */
  openAgain(options: Omit<StoresOptions, 'folder'>): Promise<Stores>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface StoresOptions {
  /** A folder whose stores outlive a process, to open them again; without it, they go with what is opened. */
  readonly folder?: string;
  readonly clock?: TestClock;
  readonly retention?: Partial<Retention>;
  /** Whether all is to be kept and put back often, which not every store is quick at. */
  readonly putBackOften?: boolean;
  /** Hears the text of every statement. */
  readonly onQuery?: (sql: string) => void;
}

export async function openStores(options: StoresOptions = {}): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  const place = opening.use(await findPlace(options));
  return openAt(place, options, opening.move());
}

async function openAt(place: Place, options: StoresOptions, around?: AsyncDisposableStack): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  if (around) opening.use(around);
  const clock = options.clock ?? new TestClock();
  const metadata = opening.use(await place.openMetadata(options.onQuery));
  const { rows, bytes } = place;
  const ids = randomIds();
  const { blobs, uploads } = await bytes.open({ ids, clock });
  const retention = { ...TEST_RETENTION, ...options.retention };
  const opened = opening.move();
  return {
    ports: { metadata, blobs, uploads, clock, ids, retention },
    clock,
    rows,
    bytes,
    bytesStored: () => totalOf(bytes),
    openAgain: (again) => openAt(place, again),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

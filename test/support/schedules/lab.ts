import { createHash } from 'node:crypto';
import type { Ids } from '../../../src/model/ids.ts';
import { SCALED } from '../scaled/environment.ts';
import type { Rows } from '../stored/rows.ts';
import { openStores, type Stores, type StoresOptions } from '../stores.ts';
import { type Copy, copyOf } from './copy.ts';
import { touch } from './footprint.ts';
import { stableIds } from './stable-ids.ts';
import { stepwise } from './stepwise-ports.ts';
import { type Conduct, type Party, type Step, Turns } from './turns.ts';

export interface LabOptions extends Omit<StoresOptions, 'folder' | 'onQuery'> {
  /** Bytes of live images are missing from the beginning. */
  readonly damaged?: boolean;
  /** The parties share nothing but the stores, as if each were a process of its own. */
  readonly apart?: boolean;
}

interface Parts {
  readonly stores: Stores;
  readonly ear: Ear;
  readonly putBack: () => Promise<void>;
}

/**
 * Real stores that are put back to where they were prepared as often as one likes, much faster than they are made. Only what
 * is stored is put back: the stores themselves are new each time, but for the connections to the database.
 */
export class Lab implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #hour: number;
  readonly #traits: { readonly damaged: boolean; readonly apart: boolean };

  static async prepare(
    { damaged = false, apart = false, ...options }: LabOptions,
    prepare: (stores: Stores) => Promise<void>,
  ): Promise<Lab> {
    const ear = new Ear();
    const stores = await openStores({ ...options, putBackOften: true, onQuery: (sql) => ear.hear(sql) });
    const ids = stableIds(() => 9);
    const opened = await stores.bytes.open({ ids, clock: stores.clock });
    await prepare({ ...stores, ports: { ...stores.ports, ...opened, ids } });
    const [rows, bytes] = [await stores.rows.keep(), await stores.bytes.keep()];
    const putBack = async () => {
      await rows.putBack();
      await bytes.putBack();
    };
    return new Lab({ stores, ear, putBack }, { damaged, apart });
  }

  private constructor(parts: Parts, traits: { readonly damaged: boolean; readonly apart: boolean }) {
    this.#traits = traits;
    this.#parts = parts;
    this.#hour = parts.stores.clock.now();
  }

  /** Puts everything back to where it was prepared. */
  async #restore(ids: Ids): Promise<Stores> {
    const { stores, putBack } = this.#parts;
    await putBack();
    stores.clock.setTo(this.#hour);
    return this.#openBytes(stores, ids);
  }

  async #openBytes(stores: Stores, ids: Ids): Promise<Stores> {
    return { ...stores, ports: { ...stores.ports, ...(await stores.bytes.open({ ids, clock: stores.clock })) } };
  }

  /** A folder belongs to one process, however many requests it serves; a bucket to as many as there are. */
  async #openApart(stores: Stores, ids: Ids): Promise<Stores> {
    return SCALED ? this.#openBytes(stores, ids) : stores;
  }

  /** Runs the parties from where the stores were prepared; nothing when `conduct` lost interest. */
  async run(
    parties: (clock: PartyClock) => readonly Party[],
    conduct: Conduct,
  ): Promise<{ readonly stores: Stores; readonly outcomes: readonly unknown[] } | undefined> {
    const { ear } = this.#parts;
    const turns = new Turns();
    const ids = stableIds(() => turns.party ?? 8);
    const stores = await this.#restore(ids);
    ear.turns = turns;
    try {
      const clock: PartyClock = {
        advance: (milliseconds) => {
          turns.touch('clock', 'write');
          stores.clock.advance(milliseconds);
        },
      };
      const all = parties(clock);
      const shared = stepwise(stores.ports, turns, ids);
      const apart = this.#traits.apart
        ? await Promise.all(all.map(async () => stepwise((await this.#openApart(stores, ids)).ports, turns, ids)))
        : [];
      const outcomes = await turns.run(all, (party) => apart[party] ?? shared, {
        choose: conduct.choose,
        onStep: async (step) => {
          await ear.understand(step, stores.rows);
          if (!this.#traits.damaged && mayHarm(step)) await checkLiveBytes(stores, step.label);
          await conduct.onStep?.(step);
        },
      });
      return outcomes && { stores, outcomes };
    } finally {
      ear.turns = undefined;
    }
  }

  /** Everything there is: the same digest for the same state. */
  async state(): Promise<string> {
    const { rows, bytes, clock } = this.#parts.stores;
    const text = JSON.stringify([await rows.all(), [...(await bytes.sizes())], clock.now()], (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    );
    return createHash('sha256').update(text).digest('base64url');
  }

  /** Copies what is stored as it is, as a killed process would leave it. No transaction may be under way. */
  async copy(): Promise<Copy> {
    return copyOf(this.#parts.stores);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.stores[Symbol.asyncDispose]();
  }
}

/** Whether it changed what images name, or any bytes. */
function mayHarm({ footprint }: Step): boolean {
  return [...footprint].some(
    ([thing, how]) => how === 'write' && /^(?:image|manifest_blob|blob|bytes\/.*)$/.test(thing),
  );
}

/** At no moment is there a live image whose bytes are not. */
async function checkLiveBytes({ rows, bytes }: Stores, after: string): Promise<void> {
  const named = await rows.askAgain(
    `SELECT DISTINCT blob.storage_key, blob.size FROM image JOIN manifest_blob AS named ON named.manifest_id = image.manifest_id
      LEFT JOIN blob ON blob.id = named.blob_id`,
  );
  for (const { storage_key: key, size } of named) {
    if ((await bytes.sizeOf(String(key))) === size) continue;
    throw new Error(`After '${after}' a live image names ${key}, whose bytes are not there`);
  }
}

/** The clock, for a party that turns it. */
export type PartyClock = Pick<Stores['clock'], 'advance'>;

/** Hears the statements of whoever runs. */
class Ear {
  turns: Turns | undefined;
  #heard: string[] = [];

  hear(sql: string): void {
    if (this.turns?.step) this.#heard.push(sql);
  }

  /** Notes in the step, which is over, what the statements touched that were heard since the last one. */
  async understand(step: Step, rows: Rows): Promise<void> {
    const heard = this.#heard;
    this.#heard = [];
    if (heard.length === 0) return;
    const footprints = await rows.footprints();
    for (const sql of heard) {
      for (const [table, how] of await footprints.of(sql)) touch(step.footprint, table, how);
    }
  }
}

import type { Ids } from '../../model/ids.ts';
import type { Bucket, Mark } from './bucket.ts';
import { GatheringBuffer } from './gathering-buffer.ts';
import type { Gathering } from './layout.ts';
import type { PartBudget } from './part-budget.ts';
import { leastPart } from './part-size.ts';
import { type Gathered, type Tail, tailOf, type UploadState } from './upload-state.ts';

/** Parts of one upload on their way to the store at once. */
const UNDER_WAY = 3;

export interface Written {
  readonly state: UploadState;
  readonly marks: readonly Mark[];
  readonly tail: Uint8Array;
}

/**
 * Writes what comes after a position: full parts as soon as they are full, while more comes, and what is left at the end as a
 * part, if it is enough, or as an object by itself, unless it is so little that it is left to the note. Nothing that it writes
 * has a name that was written before, but for parts: whoever writes a part of the same number leaves another mark, and an object
 * is made of marks.
 */
export class PartWriter {
  readonly #bucket: Bucket;
  readonly #ids: Ids;
  readonly #buffer: GatheringBuffer;
  readonly #begun: Gathered | undefined;
  readonly #marks: Mark[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #gathering: Promise<Gathering> | undefined;
  #parts: number;
  #size: number;
  #failure: { readonly error: unknown } | undefined;

  constructor({ bucket, ids, budget }: { bucket: Bucket; ids: Ids; budget: PartBudget }, begun: Gathered | undefined) {
    this.#bucket = bucket;
    this.#ids = ids;
    this.#buffer = new GatheringBuffer(budget);
    this.#begun = begun;
    this.#gathering = begun && Promise.resolve(begun);
    this.#parts = begun?.parts ?? 0;
    this.#size = begun?.size ?? 0;
  }

  async add(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.byteLength; ) {
      at += await this.#buffer.add(piece.subarray(at));
      if (this.#buffer.isFull) await this.#sendPart();
    }
  }

  /** Answers where the bytes are when all of them have arrived, the marks of the parts that were written, and the bytes after those. */
  async end(): Promise<Written> {
    if (this.#buffer.size >= leastPart(this.#parts)) await this.#sendPart();
    let tail: Tail | undefined;
    let tailBytes = new Uint8Array();
    const written =
      this.#buffer.size > 0 &&
      this.#buffer.take(async (bytes) => {
        tail = tailOf(this.#ids.storageKey(), bytes);
        // Memory that is lent will have other bytes.
        tailBytes = Uint8Array.from(bytes);
        if (tail.noted === undefined) await this.#bucket.put(tail.key, bytes);
      });
    await Promise.all([written, ...this.#underWay]);
    if (this.#failure) throw this.#failure.error;
    const gathering = await this.#gathering;
    const gathered = gathering && { key: gathering.key, id: gathering.id, parts: this.#parts, size: this.#size };
    return { state: { gathered, tail }, marks: this.#marks, tail: tailBytes };
  }

  /** Takes back what it can of what it has written: nobody but this writer knows of a gathering that it began. */
  async giveUp(): Promise<void> {
    this.#buffer.drop();
    await Promise.allSettled(this.#underWay);
    if (this.#begun || !this.#gathering) return;
    await this.#gathering.then((gathering) => this.#bucket.abort(gathering)).catch(() => undefined);
  }

  /** Fulfils as soon as the next bytes may come. */
  async #sendPart(): Promise<void> {
    if (this.#underWay.size >= UNDER_WAY) await Promise.race(this.#underWay);
    if (this.#failure) throw this.#failure.error;
    const at = this.#parts - (this.#begun?.parts ?? 0);
    const number = ++this.#parts;
    this.#size += this.#buffer.size;
    this.#gathering ??= this.#bucket.gather(this.#ids.storageKey());
    const gathering = this.#gathering;
    const sending = this.#buffer
      .take(async (bytes) => {
        this.#marks[at] = await this.#bucket.putPart(await gathering, number, bytes);
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
  }
}

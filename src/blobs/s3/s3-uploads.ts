import { createHash } from 'node:crypto';
import { algorithmOf, type Digest, digestOf } from '../../model/digest.ts';
import type { Ids, StorageKey } from '../../model/ids.ts';
import {
  BytesMissing,
  DigestMismatch,
  type NamedBytes,
  type StoredBytes,
  type UploadPosition,
  type UploadStore,
} from '../blob-store.ts';
import type { Bucket, Mark } from './bucket.ts';
import { listGatherings } from './list-stored.ts';
import { PartBudget } from './part-budget.ts';
import { PartWriter } from './part-writer.ts';
import { type Recollection, Recollections } from './recollections.ts';
import { isNoSuchUpload, isOtherPart } from './s3-error.ts';
import { S3Stream } from './s3-stream.ts';
import type { Sightings } from './sightings.ts';
import {
  type Gathered,
  namesIn,
  notedBytes,
  readState,
  type Tail,
  type UploadState,
  writeState,
} from './upload-state.ts';

/**
 * Any number of processes write to one bucket, and any of them may be stopped anywhere and wake up late. So no name is written
 * by two: each attempt to write takes fresh ones, and which of them count is for whoever keeps the positions to say. Few bytes
 * are one object, which is the blob when no more come: one request. Very few are in the position itself until it is completed.
 * Many are parts of an object under its final key.
 */
export class S3Uploads implements UploadStore {
  readonly #bucket: Bucket;
  readonly #ids: Ids;
  readonly #sightings: Sightings;
  readonly #budget = new PartBudget();
  readonly #recollections = new Recollections();

  constructor(bucket: Bucket, ids: Ids, sightings: Sightings) {
    this.#bucket = bucket;
    this.#ids = ids;
    this.#sightings = sightings;
  }

  async append(at: UploadPosition, bytes: AsyncIterable<Uint8Array>): Promise<UploadPosition> {
    const from = readState(at);
    const known = this.#recollections.of(at.state);
    const hash = known?.hash.copy();
    const writer = new PartWriter({ bucket: this.#bucket, ids: this.#ids, budget: this.#budget }, from.gathered);
    let length = at.length;
    try {
      for await (const piece of bytes) {
        if (piece.byteLength === 0) continue;
        if (length === at.length && from.tail) await writer.add(await this.#readTail(from.tail, known));
        hash?.update(piece);
        length += piece.byteLength;
        await writer.add(piece);
      }
      if (length === at.length) return at;
      const { state, marks, tail } = await writer.end();
      const noted = writeState(state, this.#ids.storageKey());
      if (known && hash) this.#recollections.keep(noted, { hash, marks: [...known.marks, ...marks], tail });
      this.#recollections.forget(at.state);
      return { key: at.key, length, state: noted };
    } catch (error) {
      await writer.giveUp();
      throw isNoSuchUpload(error) ? new BytesMissing(at.key) : error;
    }
  }

  /** What came after a position has names of its own, or is in parts that its object is not made of. */
  async truncate(_from: UploadPosition, to: UploadPosition): Promise<void> {
    readState(to);
  }

  async commit(at: UploadPosition, digest: Digest): Promise<StorageKey> {
    const state = readState(at);
    const known = algorithmOf(digest) === 'sha256' ? this.#recollections.of(at.state) : undefined;
    if (known && `sha256:${known.hash.copy().digest('hex')}` !== digest) throw new DigestMismatch(at.key);
    const key = await this.#finish(at, state, digest, known);
    this.#recollections.forget(at.state);
    this.#sightings.note(key, { size: at.length, modifiedAt: 0 });
    return key;
  }

  namesOf(at: UploadPosition): readonly NamedBytes[] {
    return at.state === undefined ? [] : namesIn(readState(at));
  }

  async *listUnfinished(before: number): AsyncGenerator<StoredBytes> {
    for await (const gathering of listGatherings(this.#bucket)) if (gathering.modifiedAt < before) yield gathering;
  }

  async #finish(
    at: UploadPosition,
    { gathered, tail }: UploadState,
    digest: Digest,
    known: Recollection | undefined,
  ): Promise<StorageKey> {
    if (gathered) {
      const isKnown = await this.#join(at, gathered, tail, known ?? this.#recollections.of(at.state));
      if (!known || !isKnown) await this.#expect(gathered.key, at.length, digest);
      return gathered.key;
    }
    if (tail) {
      const noted = notedBytes(tail);
      if (!noted && !known) await this.#expect(tail.key, at.length, digest);
      if (noted && !known && digestOf(noted, algorithmOf(digest)) !== digest) throw new DigestMismatch(tail.key);
      // Whoever else writes an object under this key writes these bytes: the key is in one note, together with them.
      if (noted) await this.#bucket.put(tail.key, noted);
      return tail.key;
    }
    const empty = this.#ids.storageKey();
    const none = createHash(algorithmOf(digest)).digest('hex');
    if (digest !== `${algorithmOf(digest)}:${none}`) throw new DigestMismatch(at.key);
    await this.#bucket.put(empty, new Uint8Array());
    return empty;
  }

  /**
   * Makes the object of the parts and the tail, and looks at it. Answers whether it is made of the parts that this process
   * remembers, and is not one that somebody else has finished, or that nobody knows who has.
   *
   * @throws BytesMissing when parts are not there, or somebody else has written one of them since
   */
  async #join(
    at: UploadPosition,
    gathered: Gathered,
    tail: Tail | undefined,
    known: Recollection | undefined,
  ): Promise<boolean> {
    let failure: { readonly error: unknown } | undefined;
    try {
      const marks = [...(known?.marks ?? (await this.#marksOf(gathered)))];
      if (tail) marks.push(await this.#bucket.putPart(gathered, marks.length + 1, await this.#readTail(tail, known)));
      await this.#bucket.finish(gathered, marks);
    } catch (error) {
      failure = { error };
    }
    // After a failure the object may be there all the same: only the answer was lost, or another process was quicker.
    const found = await this.#bucket.head(gathered.key);
    if (found?.size === at.length) return failure === undefined && known !== undefined;
    const { error } = failure ?? {
      error: new Error(`The store finished ${gathered.key}, and does not have its bytes`),
    };
    throw isNoSuchUpload(error) || isOtherPart(error) ? new BytesMissing(gathered.key) : error;
  }

  async #marksOf(gathered: Gathered): Promise<readonly Mark[]> {
    const marks: Mark[] = [];
    let size = 0;
    for await (const part of this.#bucket.parts(gathered)) {
      if (marks.length === gathered.parts || part.number !== marks.length + 1) break;
      marks.push(part.mark);
      size += part.size;
    }
    if (marks.length < gathered.parts || size !== gathered.size) throw new BytesMissing(gathered.key);
    return marks;
  }

  async #readTail(tail: Tail, known: Recollection | undefined): Promise<Uint8Array> {
    const { key, size } = tail;
    const here = known?.tail ?? notedBytes(tail);
    if (here) return here;
    const { body, length } = await this.#bucket.get(key);
    const pieces: Uint8Array[] = [];
    for await (const piece of await S3Stream.open({ body, length })) pieces.push(piece as Uint8Array);
    if (length !== size) throw new BytesMissing(key);
    return Buffer.concat(pieces);
  }

  /** Reads an object again whose bytes this process has not seen, or cannot be sure of. */
  async #expect(key: StorageKey, size: number, digest: Digest): Promise<void> {
    const hash = createHash(algorithmOf(digest));
    const { body, length } = await this.#bucket.get(key);
    for await (const piece of await S3Stream.open({ body, length })) hash.update(piece as Uint8Array);
    if (length !== size) throw new BytesMissing(key);
    if (`${algorithmOf(digest)}:${hash.digest('hex')}` !== digest) throw new DigestMismatch(key);
  }
}

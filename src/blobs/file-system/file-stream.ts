import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { ByteRange } from '../blob-store.ts';
import { BlobStream } from '../blob-stream.ts';
import { lendTo } from '../lend-to.ts';
import type { ReadBudget } from './read-budget.ts';

/** Of pieces that are given away, in bytes. Twice that and more costs two to three times the processor: each is new memory. */
const PIECE = 64 * 1024;

/**
 * A part of a file, or all of it, as a stream that owns the file. Its first piece is read before anybody asks, so that a file
 * that cannot be read is heard of at once. Then, as a stream, it reads a piece when the one before has been taken, and none
 * ahead. Sent, it reads a piece while the one before is being written, into two buffers by turns. It fails if the file ends before
 * the part does.
 */
export class FileStream extends BlobStream {
  readonly #file: FileHandle;
  readonly #budget: ReadBudget;
  readonly #lent: Buffer[] = [];
  readonly #end: number;
  #at: number;
  #first: Buffer | undefined;
  #isOver = false;
  #reading: Promise<unknown> | undefined;

  private constructor(file: FileHandle, budget: ReadBudget, range: ByteRange | undefined) {
    super({ highWaterMark: 0 });
    this.#file = file;
    this.#budget = budget;
    this.#at = range?.first ?? 0;
    this.#end = range ? range.last + 1 : Number.POSITIVE_INFINITY;
  }

  /** The file is closed if this rejects. */
  static async open(file: FileHandle, budget: ReadBudget, range?: ByteRange): Promise<FileStream> {
    const stream = new FileStream(file, budget, range);
    try {
      stream.#first = await stream.#next(stream.#lend());
      return stream;
    } catch (error) {
      stream.#giveBack();
      await file.close();
      throw error;
    }
  }

  override async sendTo(destination: Writable): Promise<void> {
    try {
      let piece = this.#takeFirst();
      for (let turn = 1; piece !== undefined; turn++) {
        const written = lendTo(destination, piece);
        const next = this.#isOver ? undefined : this.#next(this.#lent[turn % 2] ?? this.#lend());
        [piece] = await Promise.all([next, written]);
      }
      destination.end();
    } finally {
      this.destroy();
    }
  }

  override _read(): void {
    const piece = this.#takeFirst();
    // Given away, it is nobody's to share out any more.
    this.#giveBack();
    if (piece) this.#pass(piece);
    else {
      this.#next(Buffer.allocUnsafeSlow(Math.min(this.#left, PIECE))).then(
        (read) => this.#pass(read),
        (error: Error) => this.destroy(error),
      );
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#giveBack();
    // A file that is closed under a read might be another one by then.
    Promise.resolve(this.#reading)
      .catch(() => undefined)
      .then(() => this.#file.close())
      .then(
        () => done(error),
        (failure: Error) => done(error ?? failure),
      );
  }

  get #left(): number {
    return this.#end - this.#at;
  }

  #takeFirst(): Buffer | undefined {
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  #lend(): Buffer {
    const buffer = this.#budget.lend(this.#left);
    this.#lent.push(buffer);
    return buffer;
  }

  #giveBack(): void {
    for (const buffer of this.#lent.splice(0)) this.#budget.giveBack(buffer);
  }

  #pass(piece: Buffer): void {
    if (this.destroyed) return;
    if (piece.length > 0) this.push(piece);
    // Whoever reads has all it waits for with the last byte; the end of the file may take another turn of the disk.
    if (this.#isOver) this.push(null);
  }

  async #next(into: Buffer): Promise<Buffer> {
    const reading = this.#file.read(into, 0, Math.min(into.length, this.#left), this.#at);
    this.#reading = reading;
    const { bytesRead } = await reading;
    this.#at += bytesRead;
    const hasEnded = bytesRead === 0 && this.#left > 0;
    if (hasEnded && this.#end < Number.POSITIVE_INFINITY) {
      throw new Error(`The file ends at ${this.#at}, not at ${this.#end}`);
    }
    this.#isOver = hasEnded || this.#left === 0;
    return bytesRead === into.length ? into : into.subarray(0, bytesRead);
  }
}

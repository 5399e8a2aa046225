import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ByteRange } from '../blob-store.ts';
import type { ReadShare } from './read-share.ts';

/**
 * A part of a file, or all of it, as a stream that owns the file. It reads a piece when the one before has been taken, and
 * none ahead, so that a reader who takes nothing holds one piece. It fails if the file ends before the part does.
 */
export class FileStream extends Readable {
  readonly #file: FileHandle;
  readonly #share: ReadShare;
  readonly #end: number;
  #at: number;
  #reading: Promise<void> | undefined;

  constructor(file: FileHandle, share: ReadShare, range: ByteRange | undefined) {
    super({ highWaterMark: 0 });
    this.#file = file;
    this.#share = share;
    this.#at = range?.first ?? 0;
    this.#end = range ? range.last + 1 : Number.POSITIVE_INFINITY;
    share.enter();
  }

  override _read(): void {
    this.#reading = this.#readOn().catch((error: Error) => {
      this.destroy(error);
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#share.leave();
    // A file that is closed under a read might be another one by then.
    Promise.resolve(this.#reading)
      .then(() => this.#file.close())
      .then(
        () => done(error),
        (failure: Error) => done(error ?? failure),
      );
  }

  async #readOn(): Promise<void> {
    const left = this.#end - this.#at;
    // A buffer of its own each time, for nobody says when the last one is done with.
    const buffer = Buffer.allocUnsafeSlow(Math.min(left, this.#share.length));
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#at);
    if (this.destroyed) return;
    this.#at += bytesRead;
    if (bytesRead === 0 && left > 0) {
      if (left < Number.POSITIVE_INFINITY) throw new Error(`The file ends at ${this.#at}, not at ${this.#end}`);
    } else {
      this.push(bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead));
    }
    // Whoever reads has all it waits for with the last byte; the end of the file may take another turn of the disk.
    if (bytesRead === left || bytesRead === 0) this.push(null);
  }
}

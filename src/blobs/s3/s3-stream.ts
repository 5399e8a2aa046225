import { Readable, type Writable } from 'node:stream';
import { BlobStream } from '../blob-stream.ts';
import { lendTo } from '../lend-to.ts';
import type { Answered } from './bucket.ts';

/**
 * Bytes as the store answers them. Each piece is asked for when the one before has been taken. It fails when there are fewer or
 * more than were promised: a connection that breaks off, or a store that ends early, is never an end in good order. The last
 * piece is passed on only when the end has come, and with it the store's checksum has been held against all.
 */
export class S3Stream extends BlobStream {
  readonly #body: Readable;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #left: number;
  #first: Uint8Array | undefined;

  private constructor({ body, length }: Answered) {
    super({ highWaterMark: 0 });
    this.#body = body;
    // Also when nobody reads any more: an error without a listener would end the process.
    body.on('error', () => {});
    this.#pieces = body[Symbol.asyncIterator]();
    this.#left = length;
  }

  /** What the store answered is let go of if this rejects. */
  static async open(answered: Answered): Promise<S3Stream> {
    const stream = new S3Stream(answered);
    try {
      stream.#first = await stream.#next();
      return stream;
    } catch (error) {
      answered.body.destroy();
      throw error;
    }
  }

  static empty(): S3Stream {
    return new S3Stream({ body: Readable.from([]), length: 0 });
  }

  override async sendTo(destination: Writable): Promise<void> {
    try {
      let piece = this.#takeFirst() ?? (await this.#next());
      while (piece !== undefined) {
        const written = lendTo(destination, piece);
        [piece] = await Promise.all([this.#next(), written]);
      }
      destination.end();
    } finally {
      this.destroy();
    }
  }

  override _read(): void {
    const first = this.#takeFirst();
    if (first) this.push(first);
    else {
      this.#next().then(
        (piece) => {
          if (!this.destroyed) this.push(piece ?? null);
        },
        (error: Error) => this.destroy(error),
      );
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#body.destroy();
    done(error);
  }

  #takeFirst(): Uint8Array | undefined {
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  async #next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { value, done } = await this.#pieces.next();
      if (done === true) {
        if (this.#left > 0) throw new Error(`The store ended its answer ${this.#left} bytes early`);
        return undefined;
      }
      this.#left -= value.byteLength;
      if (this.#left < 0) throw new Error('The store answered with more bytes than it said');
      if (this.#left === 0) await this.#expectEnd();
      if (value.byteLength > 0) return value;
    }
  }

  async #expectEnd(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#pieces.next();
      if (done === true) return;
      if (value.byteLength > 0) throw new Error('The store answered with more bytes than it said');
    }
  }
}

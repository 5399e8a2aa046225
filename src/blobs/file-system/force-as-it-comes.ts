import type { FileHandle } from 'node:fs/promises';

/** Bytes that are written before they are forced. Less is more calls, more is left for the end. */
const STRIDE = 16 * 1024 * 1024;

/**
 * Forces to the disk what has been written of a large file while more of it comes, so that little is left to wait for when it
 * is made durable. It promises nothing by itself: what is not forced in the end may be lost.
 */
export class ForceAsItComes {
  readonly #file: Pick<FileHandle, 'datasync'>;
  #begunAt: number;
  #running: Promise<void> | undefined;

  constructor(file: Pick<FileHandle, 'datasync'>, position: number) {
    this.#file = file;
    this.#begunAt = position;
  }

  /** To be told how far the file has been written. One force runs at a time, and none after one that failed. */
  writtenTo(position: number): void {
    if (this.#running || position - this.#begunAt < STRIDE) return;
    this.#begunAt = position;
    this.#running = this.#force();
    // Nobody may be waiting yet; whoever asks at the end hears of it.
    this.#running.catch(() => undefined);
  }

  /**
   * Fulfils when no force is running. Rejects with the system's error when one has failed: nobody knows then which bytes of the
   * file the disk has kept, and to force it again would be called a success.
   */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #force(): Promise<void> {
    await this.#file.datasync();
    this.#running = undefined;
  }
}

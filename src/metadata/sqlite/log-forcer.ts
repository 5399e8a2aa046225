import { type FileHandle, open } from 'node:fs/promises';

/** The system could not make the log durable. Nobody knows which of the last commits the disk holds. */
export class LogNotForced extends Error {
  constructor(options: ErrorOptions & { readonly cause: unknown }) {
    super(`The log of the database could not be made durable: ${String(options.cause)}`, options);
    this.name = 'LogNotForced';
  }
}

/**
 * Forces the log of the database to the disk, off the thread that everybody waits for. One force at a time, and one that
 * waits for it: whatever is committed while the disk is busy is forced together.
 *
 * A force that failed is the last one: a second one would be called a success, whatever the disk holds.
 */
export class LogForcer {
  readonly #path: string;
  #file: Promise<FileHandle> | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: LogNotForced | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Fulfils when all that the log has by now is on the disk.
   * @throws LogNotForced
   */
  force(): Promise<void> {
    this.#next ??= this.#after(this.#running);
    return this.#next;
  }

  /** The last force that was asked for, if it is not done. */
  get pending(): Promise<void> | undefined {
    return this.#next ?? this.#running;
  }

  async close(): Promise<void> {
    await this.pending?.catch(() => undefined);
    await (await this.#file)?.close();
  }

  async #after(running: Promise<void> | undefined): Promise<void> {
    // Also without one to wait for, so that what is committed in this turn is still in.
    await running?.catch(() => undefined);
    this.#running = this.#next;
    this.#next = undefined;
    try {
      if (this.#failure) throw this.#failure;
      // Opened late, for SQLite makes it with the first change, and once: it is the same file until the database is closed.
      this.#file ??= open(this.#path, 'r+');
      await (await this.#file).datasync();
    } catch (cause) {
      this.#failure ??= new LogNotForced({ cause });
      throw this.#failure;
    } finally {
      this.#running = undefined;
    }
  }
}

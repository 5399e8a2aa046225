import { extname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/** All in frames: a page, 4 KiB, each. */
export interface LogLimits {
  /** A log of this length is copied into the database. */
  readonly start: number;
  /** A log of this length waits for no better moment. */
  readonly most: number;
}

/** 16 MiB and 64 MiB. The longer the log, the more changes of one page are copied as one. */
const LIMITS: LogLimits = { start: 4000, most: 16_000 };
/** After so many passes that did not catch up with the writer … */
const PASSES = 3;
/** … and with no more than this left to copy, writers wait for a last one: that is when the wait is short. */
const TAIL = 1500;

export interface CheckpointerOptions {
  readonly limits?: LogLimits;
  /** Whether space is short: then the log is not let grow. */
  readonly isTight: () => boolean;
  /** Hears why a pass has failed. */
  readonly onError: (error: unknown) => void;
  /** Hears why the thread has ended; SQLite copies the log by itself from then on, within commits. */
  readonly onThreadLost: (reason: unknown) => void;
}

/** How a pass went, as it travels between threads. */
export interface PassEnd {
  readonly failure?: { readonly message: string; readonly errcode: number };
}

/**
 * Copies the log into the database on a thread of its own, so that no commit has to wait for it. The log can begin anew
 * when all of it is copied, which a busy writer never lets happen; now and then it is asked to wait for a last, short pass.
 * The thread starts when the log first is long enough: small databases never have one.
 */
export class Checkpointer {
  readonly #writer: DatabaseSync;
  readonly #path: string;
  readonly #options: CheckpointerOptions;
  readonly #limits: LogLimits;
  readonly #position: StatementSync;
  #thread: Worker | undefined;
  #running: Promise<void> | undefined;
  #lost = false;
  #passes = 0;
  /** How long the log was when writers last waited, since it began anew. */
  #heldAt = Number.NEGATIVE_INFINITY;

  /** `writer` is the connection that writes to the database at `path`. */
  constructor(writer: DatabaseSync, path: string, options: CheckpointerOptions) {
    this.#writer = writer;
    this.#path = path;
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
    writer.exec('PRAGMA wal_autocheckpoint = 0');
    this.#position = writer.prepare('PRAGMA wal_checkpoint(NOOP)');
  }

  /**
   * To be called after each commit, and after one for which there was no space: then what is in the log is copied whatever
   * its length, so that the log can begin anew and need no more. The next commit waits for what it answers.
   */
  relieve(ranOut: boolean): Promise<void> | undefined {
    if (this.#lost || !this.#writer.isOpen) return undefined;
    try {
      return this.#decide(ranOut);
    } catch (error) {
      this.#options.onError(error);
      return undefined;
    }
  }

  #decide(ranOut: boolean): Promise<void> | undefined {
    const { log, checkpointed } = this.#position.get() as { readonly log: number; readonly checkpointed: number };
    const { start, most } = this.#options.isTight() ? tightened(this.#limits) : this.#limits;
    if (ranOut && log > checkpointed) return this.#running ?? this.#begin(log, true);
    if (log < start || log <= this.#heldAt) {
      this.#passes = 0;
      this.#heldAt = Number.NEGATIVE_INFINITY;
    }
    if (log < start) return undefined;
    const due = log >= most || (this.#passes >= PASSES && log - checkpointed < TAIL);
    // Where somebody is still reading what the log began with, it goes on, and waiting again at once would not help.
    const last = due && log >= this.#heldAt + start;
    if (this.#running) return last ? this.#running : undefined;
    return this.#begin(log, last);
  }

  #begin(log: number, last: boolean): Promise<void> | undefined {
    if (last) this.#heldAt = log;
    this.#passes += 1;
    this.#running = this.#pass().finally(() => {
      this.#running = undefined;
    });
    return last ? this.#running : undefined;
  }

  /** Waits for the pass under way and ends the thread. */
  async close(): Promise<void> {
    await this.#running;
    const thread = this.#thread;
    if (!thread) return;
    this.#thread = undefined;
    const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
    thread.ref();
    thread.postMessage('close');
    await ended;
  }

  async #pass(): Promise<void> {
    try {
      this.#thread ??= this.#startThread();
      const { failure } = await this.#ask(this.#thread);
      if (failure) this.#options.onError(Object.assign(new Error(failure.message), { errcode: failure.errcode }));
    } catch (error) {
      this.#lose(error);
    }
  }

  #ask(thread: Worker): Promise<PassEnd> {
    const { promise, resolve, reject } = Promise.withResolvers<PassEnd>();
    const end = (code: number) => reject(new Error(`The thread ended with code ${code}`));
    thread.once('message', resolve).once('error', reject).once('exit', end);
    // Nothing but a pass under way keeps the process.
    thread.ref();
    thread.postMessage('pass');
    return promise.finally(() => {
      thread.unref();
      thread.off('message', resolve).off('error', reject).off('exit', end);
    });
  }

  #startThread(): Worker {
    // The name of this very file tells whether this is the source or what was built from it.
    const file = new URL(`./checkpoint-thread${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    const thread = new Worker(file, {
      workerData: this.#path,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    thread.on('error', (error) => this.#lose(error));
    thread.on('exit', (code) => {
      if (this.#thread === thread) this.#lose(new Error(`The thread ended with code ${code}`));
    });
    return thread;
  }

  #lose(reason: unknown): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#thread = undefined;
    this.#writer.exec(`PRAGMA wal_autocheckpoint = ${this.#limits.start}`);
    this.#options.onThreadLost(reason);
  }
}

/** Half of where the log is copied otherwise, 8 MiB, and no more if it can be helped. */
function tightened({ start }: LogLimits): LogLimits {
  return { start: start / 2, most: start / 2 };
}

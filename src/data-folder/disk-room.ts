import { statfsSync, statSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Fault } from '../model/fault.ts';
import type { Room } from '../model/room.ts';

const MIB = 1024 * 1024;
const LARGEST_RESERVE = 32 * MIB;
/** Of a small disk the reserve is no more than this part. */
const PART = 1 / 16;
/** Parts of the reserve's size: with less than that free, nothing new is stored, or there is as good as nothing. */
const LOW = 1 / 2;
const EMPTY = 1 / 8;

export interface DiskRoomOptions {
  /** Hears when nothing new is stored any more, with what the system said if that is why, and when it is again. */
  readonly onChange?: (isShort: boolean, cause?: unknown) => void;
  /** Free and total bytes of the disk, as the system counts them for those without privileges. */
  readonly measure?: () => { readonly free: number; readonly total: number };
}

/**
 * The space in a folder's file system, and a reserve of it: a file that holds bytes for the time when the disk is full.
 * Deleting needs space, too: a change is written to the log before anything is taken away.
 *
 * When no more is left beside it than half of the reserve, nothing new is stored. The reserve itself is given up when the
 * system has nothing else to give, and not before: whoever else is filling the disk would take that, too. New things are
 * stored again when the reserve is whole and as much as itself is free beside it.
 */
export class DiskRoom implements Room {
  readonly #file: string;
  readonly #size: number;
  readonly #onChange: (isShort: boolean, cause?: unknown) => void;
  readonly #measure: () => { readonly free: number; readonly total: number };
  #isShort = false;
  #making: Promise<void> | undefined;

  /** The reserve is `file`, in `folder`. Nothing is changed before the first `look` or `prepare`. */
  constructor(
    folder: string,
    file: string,
    { onChange = () => {}, measure = () => spaceOf(folder) }: DiskRoomOptions = {},
  ) {
    this.#file = file;
    this.#onChange = onChange;
    this.#measure = measure;
    this.#size = Math.floor(Math.min(LARGEST_RESERVE, this.#measure().total * PART));
  }

  get isShort(): boolean {
    return this.#isShort;
  }

  look(): void {
    const { free } = this.#measure();
    if (free < this.#size * LOW) this.#set(true);
    if (free < this.#size * EMPTY) this.#giveUp();
  }

  ranOut(): void {
    this.#giveUp();
  }

  /**
   * Makes the reserve if it is not there: a folder without one has just been made, or was out of space when it was last
   * served. Without room for it, the disk counts as full.
   */
  async prepare(): Promise<void> {
    this.look();
    if (this.#isShort || this.#held() === this.#size) return;
    if (this.#hasPlenty()) await this.#make();
    else this.#set(true);
  }

  async admit(): Promise<void> {
    this.look();
    if (this.#isShort && this.#hasPlenty()) await this.#make();
    if (this.#isShort) throw new Fault('StorageFull', {});
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#making;
  }

  #giveUp(cause?: unknown): void {
    if (this.#held() > 0) truncateSync(this.#file, 0);
    this.#set(true, cause);
  }

  #hasPlenty(): boolean {
    return this.#measure().free + this.#held() >= 2 * this.#size;
  }

  async #make(): Promise<void> {
    this.#making ??= this.#write().finally(() => {
      this.#making = undefined;
    });
    await this.#making;
  }

  async #write(): Promise<void> {
    try {
      if (this.#held() !== this.#size) await writeNoise(this.#file, this.#size);
      this.#set(false);
    } catch (error) {
      // Whatever the reason, the folder is without a reserve, and what was written of it is better free.
      this.#giveUp(error);
    }
  }

  #held(): number {
    return statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
  }

  #set(isShort: boolean, cause?: unknown): void {
    if (this.#isShort === isShort) return;
    this.#isShort = isShort;
    this.#onChange(isShort, cause);
  }
}

function spaceOf(folder: string): { free: number; total: number } {
  const { bavail, blocks, bsize } = statfsSync(folder);
  return { free: bavail * bsize, total: blocks * bsize };
}

/** Noise, for some file systems do not store zeros; and forced to the disk, for others find the room for it only then. */
async function writeNoise(path: string, size: number): Promise<void> {
  const noise = crypto.getRandomValues(new Uint8Array(64 * 1024));
  await using file = await open(path, 'w', 0o600);
  for (let at = 0; at < size; at += noise.byteLength) {
    await file.write(noise, 0, Math.min(noise.byteLength, size - at), at);
  }
  await file.sync();
}

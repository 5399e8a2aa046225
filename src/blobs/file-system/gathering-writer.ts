import type { FileHandle } from 'node:fs/promises';

/** So many bytes go to the file in one go: a write for each piece that arrives costs twice the processor. */
const ENOUGH_BYTES = 256 * 1024;
/** Pieces that trickle in are short: so many are enough, too. */
const ENOUGH_PIECES = 16;
/** What trickles in slower than that waits no longer for more, in milliseconds: the file has what has come, whatever becomes of the process. */
const PATIENCE = 20;

/** Writes pieces one after the other, several in one go; while some are being written, the next are gathered. */
export class GatheringWriter {
  readonly #file: Pick<FileHandle, 'writev'>;
  readonly #onWritten: (position: number) => void;
  #position: number;
  #gathered: Uint8Array[] = [];
  #bytes = 0;
  #written: Promise<void> = Promise.resolve();
  #waiting: NodeJS.Timeout | undefined;

  /** `onWritten` hears how far the file has been written. */
  constructor(file: Pick<FileHandle, 'writev'>, position: number, onWritten: (position: number) => void = () => {}) {
    this.#file = file;
    this.#position = position;
    this.#onWritten = onWritten;
  }

  /** Takes a piece, which must not change any more. Fulfils when there is room for another; rejects when a write has failed. */
  async add(piece: Uint8Array): Promise<void> {
    this.#gathered.push(piece);
    this.#bytes += piece.byteLength;
    this.#waiting ??= setTimeout(() => this.#writeOn(), PATIENCE);
    if (this.#bytes < ENOUGH_BYTES && this.#gathered.length < ENOUGH_PIECES) return;
    await this.#written;
    this.#write();
  }

  /** Fulfils when all that was taken is written, and rejects when something of it could not be. */
  async flush(): Promise<void> {
    clearTimeout(this.#waiting);
    this.#write();
    await this.#written;
  }

  /** Fulfils when nothing is being written any more, whatever came of it. What was only gathered is dropped. */
  async stopped(): Promise<void> {
    clearTimeout(this.#waiting);
    this.#gathered = [];
    await this.#written.catch(() => undefined);
  }

  /** What is gathered stays so, and counts, until what is being written has been. */
  #writeOn(): void {
    const write = () => {
      this.#waiting = undefined;
      this.#write();
    };
    this.#written.then(write, () => undefined);
  }

  /** Begins when what was begun before has been written, and never if that could not be. */
  #write(): void {
    const pieces = this.#gathered;
    const position = this.#position;
    const end = position + this.#bytes;
    this.#position = end;
    this.#gathered = [];
    this.#bytes = 0;
    if (pieces.length === 0) return;
    this.#written = this.#written.then(() => writeAll(this.#file, pieces, position)).then(() => this.#onWritten(end));
    // Nobody may be waiting yet; whoever comes next hears of it.
    this.#written.catch(() => undefined);
  }
}

async function writeAll(
  file: Pick<FileHandle, 'writev'>,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let left = pieces.filter((piece) => piece.byteLength > 0);
  for (let at = position; left.length > 0; ) {
    const { bytesWritten } = await file.writev(left, at);
    at += bytesWritten;
    left = without(left, bytesWritten);
  }
}

/** What is left of the pieces behind their first `bytes`. */
function without(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  const left: Uint8Array[] = [];
  for (const piece of pieces) {
    if (skip < piece.byteLength) left.push(piece.subarray(skip));
    skip = Math.max(0, skip - piece.byteLength);
  }
  return left;
}

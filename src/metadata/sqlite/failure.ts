/** SQLite's result codes (sqlite.org/rescode.html); the low byte of an extended code is the primary one. */
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const NOTADB = 26;
/** The index of the log could not grow. Its file is like any other on the disk, so this is how a full disk may show first. */
const IOERR_SHMSIZE = IOERR + 19 * 256;

/** The disk has no room for the change. It has not happened, and the next one may succeed. */
export function isFull(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === IOERR_SHMSIZE || primary(code) === FULL;
}

/**
 * What the disk holds is not known any more. After an fsync that failed the system may have dropped what it could not
 * write, and a second fsync would call that a success; so there is no going on in this process, only a fresh look at the
 * disk by the next.
 */
export function isFatal(error: unknown): boolean {
  return !isFull(error) && [IOERR, CORRUPT, NOTADB].includes(primary(resultCodeOf(error)));
}

function primary(code: number): number {
  return code & 0xff;
}

/** 0, which is no error's code, for what did not come from SQLite. */
function resultCodeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0;
}

import { Readable, type Writable } from 'node:stream';

/** Stored bytes that are being read. There are two ways to have them, as any stream and sent, of which one is taken. */
export abstract class BlobStream extends Readable {
  /**
   * Sends the bytes, all that there are, and ends the destination. Pieces are lent to it: they may be written over once it has
   * called back, so it must be done with them by then, as sockets and HTTP's answers are.
   *
   * Rejects when not all could be read, or the destination takes no more; it is left as it is then. The stream is destroyed
   * either way.
   */
  abstract sendTo(destination: Writable): Promise<void>;
}

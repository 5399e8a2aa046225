import type { Writable } from 'node:stream';

/** Writes a piece; fulfils when the destination is done with it, rejects when it takes no more. */
export function lendTo(destination: Writable, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    // A connection that ends may leave what waits for it without a word.
    const closed = () => reject(new Error('The connection was closed before all was sent'));
    destination.once('close', closed);
    destination.write(piece, (error) => {
      destination.off('close', closed);
      if (error) reject(error);
      else resolve();
    });
  });
}

import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { BlobStream } from '../../src/blobs/blob-stream.ts';

/** What a slow destination is sent: it looks at each piece just before it calls back, and at none after that. */
export async function sent(stream: BlobStream): Promise<Buffer> {
  const taken: Buffer[] = [];
  const slow = new Writable({
    write: async (piece: Buffer, _encoding, done) => {
      for (let turn = 0; turn < 3; turn++) await setImmediate();
      taken.push(Buffer.from(piece));
      piece.fill(0);
      done();
    },
  });
  await stream.sendTo(slow);
  return Buffer.concat(taken);
}

import { once } from 'node:events';
import { pipeline, type Readable, Transform } from 'node:stream';

/**
 * Passes the bytes on and fails if they are not as many as announced. Under a `Content-Length` that was promised, an answer
 * that ends early in good order would leave the client waiting on the open connection.
 *
 * Fulfils when the first bytes are there, so that what cannot be read at all is refused before an answer has begun.
 */
export async function wholeStream(source: Readable, length: number): Promise<Readable> {
  let passed = 0;
  const mismatch = () => new Error(`The store gave ${passed} bytes where the metadata says ${length}`);
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      if (passed > length) return done(mismatch());
      this.push(chunk);
      // The client has all it waits for now; the end of the file may take another turn of the disk.
      if (passed === length) this.push(null);
      done();
    },
    flush(done) {
      done(passed === length ? null : mismatch());
    },
  });
  // Whichever of the two fails or is closed takes the other with it; who reads `checked` hears of it there.
  pipeline(source, checked, () => {});
  await once(checked, 'readable');
  return checked;
}

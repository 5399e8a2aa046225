import { BodyInterrupted } from './body-interrupted.ts';
import type { BodyStream } from './read-body.ts';

/**
 * The body as it arrives, with backpressure. Iterating a request directly destroys it, and the connection with it, when
 * the loop is left early; here the connection stays, so that a refusal in mid-body can still be answered.
 *
 * @throws BodyInterrupted
 */
export async function* bodyChunks(stream: BodyStream): AsyncGenerator<Buffer, void, undefined> {
  if (stream.destroyed && !stream.readableEnded) throw new BodyInterrupted();
  const chunks: AsyncIterable<Buffer> = stream.iterator({ destroyOnReturn: false });
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await iterator.next().catch((cause: unknown) => {
        throw new BodyInterrupted({ cause });
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

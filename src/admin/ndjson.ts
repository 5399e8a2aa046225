import { Readable } from 'node:stream';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';

const CHUNK_LENGTH = 16_384;

export interface Lines {
  /** The line that was waited for before the answer began. */
  readonly first: IteratorResult<object>;
  readonly rest: AsyncIterator<object>;
  /** What is said of an error after the answer has begun. */
  readonly lineOf: (error: unknown) => object;
  /** Whether nobody listens any more: then no further line is asked for. */
  readonly isGone: () => boolean;
}

/**
 * The lines as JSON, a document each. Lines are asked for as fast as they are read, and go out together where they come
 * together, but none waits for one that is not there yet. The source is closed at the end, also when the reader goes away.
 */
export function ndjson(lines: Lines): Readable {
  return Readable.from(chunksOf(lines), { objectMode: false });
}

async function* chunksOf({ first, rest, lineOf, isGone }: Lines): AsyncGenerator<Buffer> {
  let chunk = '';
  try {
    let step = first;
    while (!step.done) {
      chunk += `${JSON.stringify(step.value)}\n`;
      if (isGone()) return;
      const next = settled(rest.next());
      if (chunk.length >= CHUNK_LENGTH || !(await isReady(next))) {
        yield Buffer.from(chunk);
        chunk = '';
        // Work that never waits for anything would keep everybody else waiting, and never see its reader go.
        await turnOfTheLoop();
      }
      const outcome = await next;
      if ('error' in outcome) {
        chunk += `${JSON.stringify(lineOf(outcome.error))}\n`;
        break;
      }
      step = outcome.step;
    }
    if (chunk !== '') yield Buffer.from(chunk);
  } finally {
    await rest.return?.();
  }
}

type Outcome = { readonly step: IteratorResult<object> } | { readonly error: unknown };

/** A promise that fulfils in any case, so that nobody has to be waiting for it when it fails. */
function settled(next: Promise<IteratorResult<object>>): Promise<Outcome> {
  return next.then(
    (step) => ({ step }),
    (error: unknown) => ({ error }),
  );
}

/** Whether it fulfils before the event loop has turned. */
function isReady(promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const turn = setImmediate(() => resolve(false));
    void promise.then(() => {
      clearImmediate(turn);
      resolve(true);
    });
  });
}

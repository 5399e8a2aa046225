import { expect, it } from 'vitest';
import { withTotal } from '../../src/admin/lines.ts';
import { ndjson } from '../../src/admin/ndjson.ts';

/** Work whose steps the test lets happen, and that remembers how far it came. */
function work(count: number, size = 10) {
  const state = { begun: 0, closed: false };
  async function* run(): AsyncGenerator<object, object> {
    try {
      for (let index = 0; index < count; index += 1) {
        state.begun += 1;
        yield { kind: 'entry', index, padding: 'x'.repeat(size) };
      }
      return { entries: count };
    } finally {
      state.closed = true;
    }
  }
  return { state, lines: withTotal(run()) };
}

async function streamOf(lines: AsyncIterator<object>, isGone = () => false) {
  const lineOf = (error: unknown) => ({ kind: 'error', message: error instanceof Error ? error.message : '' });
  return ndjson({ first: await lines.next(), rest: lines, lineOf, isGone });
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

it('is a document a line, and the total last', async () => {
  const { lines, state } = work(2, 0);
  expect(await textOf(await streamOf(lines))).toBe(
    '{"kind":"entry","index":0,"padding":""}\n{"kind":"entry","index":1,"padding":""}\n{"kind":"total","entries":2}\n',
  );
  expect(state.closed).toBe(true);
});

it('is the total alone where there is no entry', async () => {
  expect(await textOf(await streamOf(work(0).lines))).toBe('{"kind":"total","entries":0}\n');
});

it('sends lines together where they come together', async () => {
  const stream = await streamOf(work(10_000).lines);
  const chunks = await stream.toArray();
  expect(Buffer.concat(chunks).toString().split('\n')).toHaveLength(10_002);
  expect(chunks.length).toBeLessThan(100);
});

it('does not keep a line back for one that is not there yet', async () => {
  const more = Promise.withResolvers<void>();
  async function* slow(): AsyncGenerator<object, object> {
    yield { kind: 'entry' };
    await more.promise;
    return {};
  }
  const iterator = (await streamOf(withTotal(slow())))[Symbol.asyncIterator]();
  expect(String((await iterator.next()).value)).toBe('{"kind":"entry"}\n');
  more.resolve();
  expect(String((await iterator.next()).value)).toBe('{"kind":"total"}\n');
});

it('asks for no more than its reader takes', async () => {
  const { lines, state } = work(1000, 16_384);
  const stream = await streamOf(lines);
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
  expect(state.begun).toBeLessThan(10);
  await iterator.return?.();
});

it('closes the work when its reader goes away', async () => {
  const { lines, state } = work(1000, 16_384);
  const stream = await streamOf(lines);
  stream.on('error', () => {});
  await stream[Symbol.asyncIterator]().next();
  stream.destroy();
  await expect.poll(() => state.closed).toBe(true);
  expect(state.begun).toBeLessThan(10);
});

it('asks for nothing more once nobody listens', async () => {
  const { lines, state } = work(1000);
  let gone = false;
  const stream = await streamOf(lines, () => gone);
  gone = true;
  await textOf(stream);
  expect(state).toEqual({ begun: 1, closed: true });
});

it('ends with a line that says what went wrong', async () => {
  async function* failing(): AsyncGenerator<object, object> {
    yield { kind: 'entry' };
    throw new Error('the disk is on fire');
  }
  expect(await textOf(await streamOf(withTotal(failing())))).toBe(
    '{"kind":"entry"}\n{"kind":"error","message":"the disk is on fire"}\n',
  );
});

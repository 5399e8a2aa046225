import { readdir, readlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { BlobStore, ByteRange } from '../../src/blobs/blob-store.ts';
import { BlobStream } from '../../src/blobs/blob-stream.ts';
import { PullRecorder } from '../../src/registry/image/pull-recorder.ts';
import { collect } from '../../src/workers/collector.ts';
import { dial } from '../http/test-server.ts';
import { blobOf, buildImage } from '../support/images.ts';
import { folderOf } from '../support/stored/file-bytes.ts';
import { HOUR, MINUTE } from '../support/stores.ts';
import { expectFault, type OciServer, startOci } from './support/oci-server.ts';

const CONTENT = blobOf(Buffer.from(Array.from({ length: 2000 }, (_, i) => i % 251)));
const EMPTY = blobOf('');
const MISSING = blobOf('missing').digest;

/** The bytes of any stream. */
class FakeBytes extends BlobStream {
  readonly #bytes: Readable;

  constructor(bytes: Readable) {
    super();
    this.#bytes = bytes;
  }

  override async sendTo(destination: Writable): Promise<void> {
    for await (const piece of this.#bytes) destination.write(piece);
    destination.end();
  }
}

const get = (server: OciServer, digest: string, range?: string, more: Record<string, string> = {}) =>
  server.send(`GET /v2/app/blobs/${digest}`, { headers: { ...(range !== undefined && { range }), ...more } });

test('a blob is read as it was pushed, and described the same way by HEAD', async () => {
  await using server = await startOci();
  await server.pushBlob('app', CONTENT);
  const described = {
    'content-type': 'application/octet-stream',
    'content-length': '2000',
    'docker-content-digest': CONTENT.digest,
    'accept-ranges': 'bytes',
    etag: `"${CONTENT.digest}"`,
    'x-content-type-options': 'nosniff',
  };
  const got = await get(server, CONTENT.digest);
  expect(got).toMatchObject({ status: 200, headers: described });
  expect(got.bytes.equals(CONTENT.bytes)).toBe(true);
  const head = await server.send(`HEAD /v2/app/blobs/${CONTENT.digest}`, { headers: { range: 'bytes=0-1' } });
  expect(head).toMatchObject({ status: 200, headers: described, text: '' });
});

test('the store is asked for the bytes that there are, so that it need not have room ready for more', async () => {
  const asked: (ByteRange | undefined)[] = [];
  const store: BlobStore = {
    open: async (_key, range) => {
      asked.push(range);
      return new FakeBytes(Readable.from([CONTENT.bytes]));
    },
    erase: async () => new Map(),
    list: async function* () {},
    stat: async () => new Map(),
  };
  await using server = await startOci({ blobs: store });
  await server.pushBlob('app', CONTENT);
  expect((await get(server, CONTENT.digest)).status).toBe(200);
  expect(asked).toEqual([{ first: 0, last: 1999 }]);
});

test('the empty blob is read as nothing', async () => {
  await using server = await startOci();
  await server.pushBlob('app', EMPTY);
  expect(await get(server, EMPTY.digest)).toMatchObject({ status: 200, text: '', headers: { 'content-length': '0' } });
  for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1', 'bytes=-0']) {
    const answer = await get(server, EMPTY.digest, range);
    expectFault(answer, 416, 'RANGE_INVALID', 'The range cannot be satisfied: the blob has 0 bytes');
    expect(answer.headers['content-range']).toBe('bytes */0');
  }
});

test.each([
  ['bytes=500-1499', 500, 1499],
  ['bytes=500-', 500, 1999],
  ['bytes=-500', 1500, 1999],
  ['bytes=1999-5000', 1999, 1999],
  ['bytes=0-0', 0, 0],
  ['bytes=0-', 0, 1999],
  ['bytes=-5000', 0, 1999],
  ['bytes=-99999999999999999999999', 0, 1999],
  ['bytes=1-99999999999999999999999', 1, 1999],
  ['BYTES=1-2', 1, 2],
])('%s is the bytes from %i to %i', async (range, first, last) => {
  await using server = await startOci();
  await server.pushBlob('app', CONTENT);
  const answer = await get(server, CONTENT.digest, range);
  expect(answer).toMatchObject({
    status: 206,
    headers: {
      'content-range': `bytes ${first}-${last}/2000`,
      'content-length': String(last - first + 1),
      'docker-content-digest': CONTENT.digest,
    },
  });
  expect(answer.bytes.equals(CONTENT.bytes.subarray(first, last + 1))).toBe(true);
});

test.each([
  'bytes=500-0',
  'bytes=2000-',
  'bytes=5000-10000',
  'bytes=-0',
  'bytes=',
  'bytes=-',
  'bytes=a-b',
  'bytes=1',
  'bytes=1-2-3',
  'bytes=0x1-0x2',
  'bytes= 1-2',
  'bytes=--5',
  'bytes=99999999999999999999999-',
])('%s cannot be satisfied', async (range) => {
  await using server = await startOci();
  await server.pushBlob('app', CONTENT);
  const answer = await get(server, CONTENT.digest, range);
  expectFault(answer, 416, 'RANGE_INVALID', 'The range cannot be satisfied: the blob has 2000 bytes');
  expect(answer.headers['content-range']).toBe('bytes */2000');
});

test('several ranges at once, other units, and the ranges of another version bring the whole blob', async () => {
  await using server = await startOci();
  await server.pushBlob('app', CONTENT);
  const many = `bytes=${Array.from({ length: 1000 }, () => '0-').join(',')}`;
  for (const range of ['bytes=0-1,5-6', many, 'items=0-1', '0-1']) {
    const answer = await get(server, CONTENT.digest, range);
    expect(answer.status).toBe(200);
    expect(answer.bytes.equals(CONTENT.bytes)).toBe(true);
  }
  expect((await get(server, CONTENT.digest, 'bytes=0-1', { 'if-range': '"other"' })).status).toBe(200);
  expect((await get(server, CONTENT.digest, 'bytes=0-1', { 'if-range': `"${CONTENT.digest}"` })).status).toBe(206);
});

test('a blob that is not in the repository is unknown there, wherever else it is', async () => {
  await using server = await startOci();
  await server.pushBlob('app', EMPTY);
  await server.pushBlob('other', CONTENT);
  for (const digest of [CONTENT.digest, MISSING]) {
    const sentence = `The blob with digest '${digest}' does not exist within the repository with name 'app' in the registry with id '000000000000'`;
    expectFault(await get(server, digest), 404, 'BLOB_UNKNOWN', sentence);
    expectFault(await get(server, digest, 'bytes=0-0'), 404, 'BLOB_UNKNOWN', sentence);
    expect(await server.send(`HEAD /v2/app/blobs/${digest}`)).toMatchObject({ status: 404, text: '' });
  }
  const sentence = "The repository with name 'gone' does not exist in the registry with id '000000000000'";
  expectFault(await server.send(`GET /v2/gone/blobs/${CONTENT.digest}`), 404, 'NAME_UNKNOWN', sentence);
  expect((await server.send(`HEAD /v2/gone/blobs/${CONTENT.digest}`)).status).toBe(404);
});

test('HEAD is a promise: a blob that was said to be there stays for the image that will name it', async () => {
  await using server = await startOci({ retention: { lease: HOUR, grace: 0 } });
  const collectNow = () => collect({ ...server.stores.ports, pulls: new PullRecorder() });
  const image = buildImage('promised');
  await server.pushImage('app', image, 'v1');
  server.clock.advance(2 * HOUR);
  const [config] = image.blobs;
  expect((await server.send(`HEAD /v2/app/blobs/${config?.digest}`)).status).toBe(200);
  expect((await server.send('DELETE /v2/app/manifests/v1')).status).toBe(202);
  server.clock.advance(HOUR / 2 - MINUTE);
  await collectNow();
  expect((await get(server, String(config?.digest))).status).toBe(200);
  expect((await get(server, String(image.blobs[1]?.digest))).status).toBe(404);
  server.clock.advance(HOUR);
  await collectNow();
  expect((await get(server, String(config?.digest))).status).toBe(404);
  expect(await server.stores.bytesStored()).toBe(0);
});

test('a download that has begun ends in full, whatever is deleted and erased meanwhile', async () => {
  await using server = await startOci({ retention: { lease: 0, grace: 0 } });
  const big = blobOf(Buffer.alloc(30_000_000, 'layer'));
  await server.pushBlob('app', big);
  const { socket, received, closed } = dial(server.port);
  const head = `GET /v2/app/blobs/${big.digest} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
  socket.write(`${head}Authorization: ${server.credentials()}\r\n\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  server.clock.advance(1);
  await collect({ ...server.stores.ports, pulls: new PullRecorder() });
  expect(await server.stores.bytesStored()).toBe(0);
  expect(received().length).toBeLessThan(big.bytes.byteLength);
  socket.resume();
  const answer = await closed;
  expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe(Buffer.from(big.bytes).toString('latin1'));
});

test('who goes away leaves no file open behind, though more answers were waiting on the connection', async ({
  skip,
}) => {
  if (process.platform !== 'linux') skip('open files are looked up in /proc');
  await using server = await startOci();
  const folder = folderOf(server.stores.bytes) ?? skip('only files are open files');
  const big = blobOf(Buffer.alloc(30_000_000, 'layer'));
  await server.pushBlob('app', big);
  const openFiles = async () => {
    const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
    return (await Promise.all(links)).filter((path) => path.startsWith(`${folder}/blobs/`)).length;
  };
  const { socket } = dial(server.port);
  const head = `GET /v2/app/blobs/${big.digest} HTTP/1.1\r\nHost: localhost\r\n`;
  socket.write(`${head}Authorization: ${server.credentials()}\r\n\r\n`.repeat(5));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  await expect.poll(openFiles).toBe(5);
  socket.destroy();
  await expect.poll(openFiles).toBe(0);
});

test('when the disk has fewer bytes than it should, the connection ends instead of leaving the client to wait', async ({
  skip,
}) => {
  await using server = await startOci();
  const big = blobOf(Buffer.alloc(5_000_000, 'layer'));
  const folder = folderOf(server.stores.bytes) ?? skip('only files can be cut short while their length is known');
  await server.pushBlob('app', big);
  for (const name of await readdir(folder, { recursive: true })) {
    if (/^blobs\/..\/.{26}$/.test(name)) await truncate(join(folder, name), 3_000_000);
  }
  await expect(get(server, big.digest)).rejects.toThrow('aborted');
  expect(server.errors.splice(0).join()).toContain('The file ends at 3000000, not at 5000000');
});

test('when the disk fails in the middle, the connection ends; when it fails at once, the answer is an error of ours', async () => {
  let opened = (): Readable => Readable.from([]);
  const failing: BlobStore = {
    open: async () => new FakeBytes(opened()),
    erase: async () => new Map(),
    list: async function* () {},
    stat: async () => new Map(),
  };
  await using server = await startOci({ blobs: failing });
  await server.pushBlob('app', CONTENT);
  opened = () =>
    Readable.from(
      (async function* () {
        yield CONTENT.bytes.subarray(0, 1000);
        await new Promise(setImmediate);
        throw new Error('EIO: the disk is gone');
      })(),
    );
  await expect(get(server, CONTENT.digest)).rejects.toThrow('aborted');
  opened = () => {
    throw new Error('EIO: the disk is gone');
  };
  const answer = await get(server, CONTENT.digest);
  const id = answer.headers['x-amzn-requestid'];
  expectFault(answer, 500, 'UNKNOWN', `The server failed to answer the request ${id}`);
  expect(answer.headers).not.toHaveProperty('etag');
  expect(server.errors.splice(0).join()).toContain('EIO: the disk is gone');
});

test('bytes that are missing although the metadata has them are an error of ours, not a missing blob', async () => {
  await using server = await startOci();
  await server.pushBlob('app', CONTENT);
  await server.edge.blobs.erase([await storageKeyOf(server, CONTENT.digest)]);
  expect((await get(server, CONTENT.digest)).status).toBe(500);
  expect(server.errors.splice(0).join()).toContain('The store has no bytes');
});

async function storageKeyOf(server: OciServer, digest: string) {
  return server.edge.metadata.read(async (view) => {
    const repository = await view.repositories.find({ id: '000000000000', region: 'us-east-1' }, 'app');
    const blob = await view.blobs.find(repository?.id ?? 0, digest);
    if (!blob) throw new Error(`No blob ${digest}`);
    return blob.storageKey;
  });
}

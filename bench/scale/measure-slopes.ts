import pg from 'pg';
import { PostgresMetadata } from '../../src/metadata/postgres/postgres-metadata.ts';
import { randomIds } from '../../src/model/ids.ts';
import { condemn } from '../../src/registry/collection/condemn.ts';
import { purge } from '../../src/registry/collection/purge.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { describeImages } from '../../src/registry/image/describe-images.ts';
import { getRepository } from '../../src/registry/repository/repository-path.ts';
import { buildIndex, makeRepository, putManifest } from '../../test/support/images.ts';
import { digestOf, fill, tagOf } from './fill.ts';

/** What is done in a second. */
export interface Slopes {
  readonly 'images deleted, the oldest first': number;
  readonly 'images deleted, anywhere': number;
  readonly 'images purged and blobs condemned': number;
  readonly 'images found by tag': number;
  readonly 'manifests put under a tag': number;
  readonly 'pages of 100 images described': number;
}

const CALL = 100;
const CLIENTS = 4;

/** Fills a database and measures it; `calls` is how many deletions of a hundred there are of each kind. */
export async function measureSlopes(url: string, images: number, calls: number): Promise<Slopes> {
  await using metadata = await PostgresMetadata.open({
    url,
    pool: 8,
    statementTimeout: 600_000,
    connectTimeout: 10_000,
  });
  const ports = {
    metadata,
    clock: { now: () => Date.now() },
    ids: randomIds(),
    retention: { grace: 0, lease: 0, upload: 0, undo: 0, referrers: 0 },
  };
  const path = await makeRepository(ports, 'large');
  const id = await metadata.read(async (view) => (await getRepository(view, path)).id);
  const client = new pg.Client(url);
  await client.connect();
  await fill(client, id, images);
  await client.end();

  const turns = Math.max(1, Math.min(calls, Math.floor(images / CALL / 4)));
  const remove = (numbers: readonly number[]) =>
    deleteImages(
      ports,
      path,
      numbers.map((image) => ({ imageDigest: digestOf(image) })),
    );
  const oldest = await rate(turns * CALL, turns, 1, (turn) => remove(some((at) => 1 + turn * CALL + at)));
  // Spread over the newer half by a stride that meets each once.
  const half = Math.floor(images / 2);
  const stride = strideIn(half);
  const anywhere = await rate(turns * CALL, turns, 1, (turn) =>
    remove(some((at) => half + 1 + (((turn * CALL + at) * stride) % half))),
  );
  const collected = await rate(2 * turns * CALL, 1, 1, async () => {
    while ((await purge(ports)) > 0);
    while ((await condemn(ports)).unlinked > 0);
  });
  const lookups = 2000;
  const found = await rate(lookups, lookups, CLIENTS, (at) =>
    metadata.lookUp((lookups) => lookups.images(path, [{ tag: tagOf(1 + ((at * 7919) % images)) }])),
  );
  const puts = 200;
  const put = await rate(puts, puts, CLIENTS, (at) =>
    putManifest(ports, path, buildIndex([], { annotations: { number: String(at) } }), `new-${at}`),
  );
  const pages = 100;
  const described = await rate(pages, pages, CLIENTS, () =>
    describeImages(ports, path, { tagged: undefined, after: undefined, limit: 100 }),
  );
  return {
    'images deleted, the oldest first': oldest,
    'images deleted, anywhere': anywhere,
    'images purged and blobs condemned': collected,
    'images found by tag': found,
    'manifests put under a tag': put,
    'pages of 100 images described': described,
  };
}

function some(number: (at: number) => number): number[] {
  return Array.from({ length: CALL }, (_, at) => number(at));
}

/** About a golden section of `size`, and without a common divisor, so that its multiples are all different. */
function strideIn(size: number): number {
  let stride = Math.max(1, Math.floor(size * 0.618));
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  while (divisor(stride, size) !== 1) stride++;
  return stride;
}

/** Runs `turns` turns, several at once, and answers how many of `things` were done in a second. */
async function rate(
  things: number,
  turns: number,
  clients: number,
  work: (turn: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next < turns) await work(next++);
    }),
  );
  return (things / (performance.now() - begun)) * 1000;
}

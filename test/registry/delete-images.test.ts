import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isFault } from '../../src/model/fault.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { describeImages } from '../../src/registry/image/describe-images.ts';
import { listReferrers } from '../../src/registry/image/list-referrers.ts';
import { getRepository, type RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { putTagMutability } from '../../src/registry/repository/tag-mutability.ts';
import { insertImage, putTags } from '../contract/metadata/fixture.ts';
import { collect } from '../support/collect.ts';
import {
  type BuiltManifest,
  blobOf,
  buildImage,
  buildIndex,
  makeRepository,
  pushImage,
  putManifest,
} from '../support/images.ts';
import { samples } from '../support/scaled/environment.ts';
import { HOUR, openStores, type Stores, TEST_RETENTION } from '../support/stores.ts';
import { deleteOneByOne, worlds } from './deletion-model.ts';
import { ONE_IDENTIFIER } from './deletion-table/one-identifier.ts';
import type { DeletionRow } from './deletion-table/row.ts';
import { SEVERAL_IDENTIFIERS } from './deletion-table/several-identifiers.ts';

const ROWS = [...ONE_IDENTIFIER, ...SEVERAL_IDENTIFIERS].map((row) => [row.row, row.title, row] as const);

let stores: Stores;
let tables = 0;
const statements: string[] = [];

beforeAll(async () => {
  stores = await openStores({ onQuery: (sql) => statements.push(sql) });
});

afterAll(async () => {
  await stores[Symbol.asyncDispose]();
});

/** Every image of the repository with its tags, by digest. */
async function imagesIn(path: RepositoryPath): Promise<Map<string, readonly string[]>> {
  const { items } = await describeImages(stores.ports, path, { tagged: undefined, after: undefined, limit: 1000 });
  return new Map(items.map((image) => [image.digest, image.tags]));
}

/** The digests of the blobs of this repository that nothing needs, and until when they are kept. */
async function idleIn(path: RepositoryPath): Promise<Map<string, number>> {
  const { id } = await stores.ports.metadata.read((view) => getRepository(view, path));
  const rows = await stores.rows.query(
    `SELECT digest, keep_until FROM repository_blob JOIN blob ON blob.id = blob_id
      WHERE repository_id = ${id} AND refs = 0 AND holds = 0`,
  );
  return new Map(rows.map((row) => [String(row['digest']), Number(row['keep_until'])]));
}

/** Lets every lease of the pushes run out, so that only what a deletion lets go of is left to look at. */
async function settle(): Promise<void> {
  stores.clock.advance(2 * HOUR);
  await collect(stores.ports);
}

const SHARED_LAYER = blobOf('a layer that all images share');

function build(row: DeletionRow): Map<string, BuiltManifest> {
  const built = new Map<string, BuiltManifest>();
  const named = (name: string) => {
    const image = built.get(name);
    if (!image) throw new Error(`The table names ${name} before it is there`);
    return image;
  };
  for (const [name, { lists, subject }] of Object.entries(row.images)) {
    const extras = { annotations: { row: row.row, name }, ...(subject && { subject: named(subject) }) };
    const layers = [SHARED_LAYER, blobOf(`the own layer of ${name} in row ${row.row}`)];
    built.set(
      name,
      lists ? buildIndex(lists.map(named), extras) : buildImage(`${row.row} ${name}`, { ...extras, layers }),
    );
  }
  return built;
}

describe('Deleting images', () => {
  test.each(ROWS)('row %s: %s', async (_, __, row) => {
    const path = await makeRepository(stores.ports, `table-${tables++}`);
    const built = build(row);
    const digestOf = (name: string) => built.get(name)?.digest ?? name;
    for (const [name, image] of built) await pushImage(stores.ports, path, image, ...(row.images[name]?.tags ?? []));
    await settle();
    expect(await idleIn(path)).toEqual(new Map());

    const withDigests = <T>(value: T): T =>
      JSON.parse(JSON.stringify(value).replaceAll(/<(\w+)>/g, (_, name: string) => digestOf(name))) as T;
    const answer = await deleteImages(stores.ports, path, withDigests(row.request));
    expect(answer.deleted).toEqual(withDigests(row.deleted));
    // Several indexes are named in order of digest, which letters do not show.
    const inOrder = (text: string) =>
      text.replace(/\[(.*)\]$/, (_, list: string) => `[${list.split(', ').sort().join(', ')}]`);
    expect(answer.failures).toEqual(
      withDigests(row.failures).map((failure) => ({ ...failure, reason: inOrder(failure.reason) })),
    );

    const left = Object.entries(row.left).map(([name, tags]) => [digestOf(name), tags] as const);
    expect(await imagesIn(path)).toEqual(new Map(left));
    const gone = [...built.values()].filter((image) => !left.some(([digest]) => digest === image.digest));
    const needed = new Set(
      [...built.values()].filter((image) => !gone.includes(image)).flatMap(({ blobs }) => blobs.map((b) => b.digest)),
    );
    const freed = gone.flatMap(({ blobs }) => blobs).filter((blob) => !needed.has(blob.digest));
    const keptUntil = stores.clock.now() + TEST_RETENTION.grace;
    expect(await idleIn(path)).toEqual(new Map(freed.map((blob) => [blob.digest, keptUntil])));
  });

  test('row 18: of a repository that does not exist is refused as a whole', async () => {
    const path = await makeRepository(stores.ports, 'row-18');
    const missing = { ...path, repositoryName: 'missing' } as RepositoryPath;
    const refusal = await deleteImages(stores.ports, missing, [{}]).catch((error: unknown) => error);
    expect(isFault(refusal, 'RepositoryNotFound') && refusal.message).toBe(
      "The repository with name 'missing' does not exist in the registry with id '000000000000'",
    );
    const elsewhere = { ...path, registry: { ...path.registry, region: 'eu-west-1' } };
    await expect(deleteImages(stores.ports, elsewhere, [{}])).rejects.toThrow(/does not exist/);
  });

  test('row 22: is allowed where tags are immutable, and the tag may be pushed again then', async () => {
    const path = await makeRepository(stores.ports, 'row-22');
    await putTagMutability(stores.ports, path, { mode: 'IMMUTABLE', exclusionFilters: [] });
    const [first, second] = [buildImage('row 22, first'), buildImage('row 22, second')];
    await pushImage(stores.ports, path, first, 'v1');
    await pushImage(stores.ports, path, second);
    await expect(putManifest(stores.ports, path, second, 'v1')).rejects.toThrow(/tag is immutable/);
    const { deleted } = await deleteImages(stores.ports, path, [{ imageTag: 'v1' }]);
    expect(deleted).toEqual([{ imageDigest: first.digest, imageTag: 'v1' }]);
    await putManifest(stores.ports, path, second, 'v1');
    expect(await imagesIn(path)).toEqual(new Map([[second.digest, ['v1']]]));
  });

  test('row 23: makes what an index listed deletable, in the request after it', async () => {
    const path = await makeRepository(stores.ports, 'row-23');
    const child = buildImage('row 23');
    const index = buildIndex([child]);
    await pushImage(stores.ports, path, index, 'index');
    const request = [{ imageDigest: index.digest }, { imageDigest: child.digest }];
    expect((await deleteImages(stores.ports, path, request)).failures).toHaveLength(1);
    const second = await deleteImages(stores.ports, path, request);
    expect(second.deleted).toEqual([{ imageDigest: child.digest }]);
    expect(second.failures.map((failure) => failure.code)).toEqual(['ImageNotFound']);
  });

  test('row 25: of a subject leaves the list of its referrers as it is', async () => {
    const path = await makeRepository(stores.ports, 'row-25');
    const subject = buildImage('row 25');
    const referrer = buildImage('signature', { subject });
    await pushImage(stores.ports, path, subject, 'v1');
    await pushImage(stores.ports, path, referrer);
    await deleteImages(stores.ports, path, [{ imageDigest: subject.digest }]);
    const page = { artifactTypes: [], after: undefined, limit: 9 };
    const { items } = await listReferrers(stores.ports, path, subject.digest, page);
    expect(items.map((item) => item.digest)).toEqual([referrer.digest]);
  });

  test('touches no other repository, not even one with the same images and tags', async () => {
    const image = buildImage('twice');
    const [one, other] = [await makeRepository(stores.ports, 'one'), await makeRepository(stores.ports, 'other')];
    for (const path of [one, other]) await pushImage(stores.ports, path, image, 'v1', 'v2');
    await deleteImages(stores.ports, one, [{ imageDigest: image.digest }]);
    expect(await imagesIn(one)).toEqual(new Map());
    expect(await imagesIn(other)).toEqual(new Map([[image.digest, ['v1', 'v2']]]));
  });

  test('answers more entries than were asked for, when an image has more tags than a request may name', async () => {
    const path = await makeRepository(stores.ports, 'many-tags');
    const tags = Array.from({ length: 250 }, (_, at) => `t${at}`);
    await pushImage(stores.ports, path, buildImage('many tags'), 't0');
    const image = buildImage('many tags');
    await stores.ports.metadata.write(async (tx) => {
      const repository = await getRepository(tx, path);
      const [found] = await tx.images.findAll(repository.id, [image.digest]);
      if (found) await putTags(tx, repository, found, ...tags.slice(1));
    });
    const { deleted } = await deleteImages(stores.ports, path, [{ imageDigest: image.digest }]);
    expect(deleted).toEqual(tags.map((imageTag) => ({ imageDigest: image.digest, imageTag })));
    expect(await imagesIn(path)).toEqual(new Map());
  });
});

test('For any repository and any request, the stores end up where deleting one by one would have led', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(worlds({ invalid: true }), async ({ world, request }) => {
      const path = await makeRepository(stores.ports, `property-${runs++}`);
      await stores.ports.metadata.write(async (tx) => {
        const repository = await getRepository(tx, path);
        const numbers = new Map<string, number>();
        const childrenOf = (parent: string) =>
          [...world].flatMap(([digest, { parents }]) => (parents.includes(parent) ? [numbers.get(digest) ?? 0] : []));
        for (const [digest, { tags }] of world) {
          const image = await insertImage(tx, repository, digest, { childIds: childrenOf(digest) });
          numbers.set(digest, image.id);
          await putTags(tx, repository, image, ...tags);
        }
      });
      const expected = deleteOneByOne(world, request);
      const actual = await deleteImages(stores.ports, path, request);
      expect(actual.deleted).toEqual(expected.deleted);
      expect(actual.failures.map(({ imageId, code }) => ({ imageId, code }))).toEqual(expected.failures);
      expect(await imagesIn(path)).toEqual(new Map([...expected.left].map(([digest, { tags }]) => [digest, tags])));
    }),
    { numRuns: samples(200) },
  );
});

describe('The number of statements of a deletion', () => {
  const digestNumber = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`;

  /** A repository where images come in fives: two tags, one tag, none, one tag and listed, and the index that lists it. */
  async function fill(name: string, images: number): Promise<RepositoryPath> {
    const path = await makeRepository(stores.ports, name);
    await stores.ports.metadata.write(async (tx) => {
      const repository = await getRepository(tx, path);
      for (let at = 0; at < images; at += 5) {
        await putTags(tx, repository, await insertImage(tx, repository, digestNumber(at)), `a${at}`, `b${at}`);
        await putTags(tx, repository, await insertImage(tx, repository, digestNumber(at + 1)), `c${at}`);
        await insertImage(tx, repository, digestNumber(at + 2));
        const child = await insertImage(tx, repository, digestNumber(at + 3));
        await putTags(tx, repository, child, `d${at}`);
        await insertImage(tx, repository, digestNumber(at + 4), { childIds: [child.id] });
      }
    });
    return path;
  }

  /** Every kind of identifier in turn: tag of several, pair, digest, last tag of a listed image, unknown, malformed. */
  const kinds = (at: number) => [
    { imageTag: `a${at}` },
    { imageDigest: digestNumber(at + 1), imageTag: `c${at}` },
    { imageDigest: digestNumber(at + 2) },
    { imageTag: `d${at}` },
    { imageTag: `unknown${at}` },
    {},
  ];

  async function countOf(path: RepositoryPath, identifiers: number, undo: number): Promise<number> {
    const request = Array.from({ length: identifiers }, (_, at) => kinds(at - (at % 5))[at % 6] ?? {});
    const ports = { ...stores.ports, retention: { ...TEST_RETENTION, undo } };
    statements.length = 0;
    const { deleted, failures } = await deleteImages(ports, path, request);
    const count = statements.length;
    expect(deleted.length).toBeGreaterThan(0);
    if (identifiers > 5) expect(failures.length).toBeGreaterThan(0);
    return count;
  }

  test.each([
    ['12 without an undo window', 0, 12],
    ['15 with one', HOUR, 15],
  ])('is at most %s, for 1, 10 and 100 identifiers, among 10 images and among 2000', async (_, undo, most) => {
    const counts: number[] = [];
    for (const images of [10, samples(2000)]) {
      for (const identifiers of [1, 10, 100]) {
        counts.push(
          await countOf(await fill(`statements-${undo}-${images}-${identifiers}`, images), identifiers, undo),
        );
      }
    }
    expect(Math.min(...counts)).toBeGreaterThan(4);
    // Where others may come in between, the blobs that are let go of are held by a statement of its own.
    expect(Math.max(...counts)).toBe(stores.rows.dialect === 'postgres' ? most + 1 : most);
    // Whatever the number, it is the same: only what there is to do makes a difference, not how much of it.
    expect(counts.slice(0, 3)).toEqual(counts.slice(3));
    expect(counts[1]).toBe(counts[2]);
  });
});

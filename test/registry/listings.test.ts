import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeImages, describeNamedImages } from '../../src/registry/image/describe-images.ts';
import { type IdentifierKey, listImages, listTags } from '../../src/registry/image/list-images.ts';
import { listReferrers } from '../../src/registry/image/list-referrers.ts';
import type { Page } from '../../src/registry/page.ts';
import { listRepositories } from '../../src/registry/repository/list-repositories.ts';
import { getRepository, type RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { deleteImages, insertImage, putTags } from '../contract/metadata/fixture.ts';
import { makeRepository, REGISTRY } from '../support/images.ts';
import { openStores, type Stores } from '../support/stores.ts';

let stores: Stores;
let runs = 0;

beforeAll(async () => {
  stores = await openStores();
});

afterAll(async () => {
  await stores[Symbol.asyncDispose]();
});

const digestNumber = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`;
const SUBJECT = digestNumber(0xffff);

interface Sample {
  readonly digest: string;
  readonly tags: readonly string[];
  readonly artifactType: string | undefined;
}

/** Images in any order of pushing, with tags that are prefixes of one another, some of them referrers of one subject. */
const samples: fc.Arbitrary<Sample[]> = fc
  .uniqueArray(
    fc.record({ number: fc.nat(500), tags: fc.nat(4), artifactType: fc.constantFrom(undefined, 'a', 'b') }),
    { selector: (image) => image.number, maxLength: 12 },
  )
  .map((images) => {
    const names = ['v1', 'v1.0', 'v1-', 'v10', 'V1', '_'].flatMap((name) =>
      images.map((_, at) => `${name}${at || ''}`),
    );
    return images.map(({ number, tags, artifactType }) => ({
      digest: digestNumber(number),
      tags: Array.from({ length: tags }, () => names.splice((number * 7) % names.length, 1)).flat(),
      artifactType,
    }));
  });

async function fill(images: readonly Sample[]): Promise<RepositoryPath> {
  const path = await makeRepository(stores.ports, `listing-${runs++}`);
  await stores.ports.metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    for (const { digest, tags, artifactType } of images) {
      const image = await insertImage(tx, repository, digest, {
        ...(artifactType && { artifactType, subjectDigest: SUBJECT }),
      });
      await putTags(tx, repository, image, ...tags);
      // Nothing purges it here: its names stay, and lead nowhere.
      const gone = await insertImage(tx, repository, digestNumber(1000 + Number.parseInt(digest.slice(7), 16)));
      await putTags(tx, repository, gone, ...tags.map((tag) => `${tag}.gone`));
      await deleteImages(tx, repository, [gone]);
    }
  });
  return path;
}

/** Follows a listing to its end: every page but the last is full, and the last says so and is not an empty one more. */
async function follow<Item, Key>(
  limit: number,
  page: (after: Key | undefined, limit: number) => Promise<Page<Item, Key>>,
  { changing = false } = {},
): Promise<Item[]> {
  const all: Item[] = [];
  let after: Key | undefined;
  let pages = 0;
  do {
    pages++;
    const { items, next } = await page(after, limit);
    if (next !== undefined) expect(items).toHaveLength(limit);
    expect(items.length).toBeLessThanOrEqual(limit);
    all.push(...items);
    after = next;
  } while (after !== undefined);
  if (!changing) expect(pages).toBe(Math.max(1, Math.ceil(all.length / limit)));
  return all;
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const byDigest = (images: readonly Sample[]) => images.toSorted((a, b) => byBytes(a.digest, b.digest));
const matching = (images: readonly Sample[], tagged: boolean | undefined) =>
  images.toReversed().filter((image) => tagged === undefined || image.tags.length > 0 === tagged);

describe('Whatever the size of its pages, every listing has each item once and in order', () => {
  const limits = fc.integer({ min: 1, max: 5 });
  const tagStates = fc.constantFrom(undefined, true, false);

  test('of images, of identifiers, of tags and of referrers', async () => {
    await fc.assert(
      fc.asyncProperty(samples, limits, tagStates, async (images, limit, tagged) => {
        const path = await fill(images);
        const described = await follow<{ digest: string; tags: readonly string[] }, number>(limit, (after, size) =>
          describeImages(stores.ports, path, { tagged, after, limit: size }),
        );
        expect(described.map(({ digest, tags }) => ({ digest, tags }))).toEqual(
          matching(images, tagged).map(({ digest, tags }) => ({ digest, tags })),
        );

        const identifiers = await follow<{ digest: string; tag: string | undefined }, IdentifierKey>(
          limit,
          (after, size) => listImages(stores.ports, path, { tagged, after, limit: size }),
        );
        expect(identifiers.map(({ digest, tag }) => ({ digest, tag }))).toEqual(
          matching(images, tagged).flatMap(({ digest, tags }) =>
            (tags.length > 0 ? tags : [undefined]).map((tag) => ({ digest, tag })),
          ),
        );

        const tags = await follow<string, string>(limit, (after, size) =>
          listTags(stores.ports, path, { after, limit: size }),
        );
        expect(tags).toEqual(images.flatMap((image) => image.tags).sort(byBytes));

        for (const artifactTypes of [[], ['a'], ['b', 'c']]) {
          const referrers = await follow<{ digest: string }, string>(limit, (after, size) =>
            listReferrers(stores.ports, path, SUBJECT, { artifactTypes, after, limit: size }),
          );
          const expected = byDigest(images).filter(
            ({ artifactType }) => artifactType && (artifactTypes.length === 0 || artifactTypes.includes(artifactType)),
          );
          expect(referrers.map(({ digest }) => digest)).toEqual(expected.map(({ digest }) => digest));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('of repositories, each registry its own', async () => {
    const names = ['aa', 'a-b', 'a.b', 'a/b', 'a_b', 'b0', 'team/app', 'team/app-2', 'team/app/x'];
    const registry = { id: '222222222222', region: 'eu-west-1' };
    for (const name of names.toReversed()) await makeRepository(stores.ports, name, registry);
    await makeRepository(stores.ports, 'stranger', { ...registry, region: 'eu-west-2' });
    for (const limit of [1, 2, 4, 9, 100]) {
      const listed = await follow<{ name: string }, string>(limit, (after, size) =>
        listRepositories(stores.ports, registry, { after, limit: size }),
      );
      expect(listed.map(({ name }) => name)).toEqual(names.toSorted(byBytes));
    }
  });
});

describe('A listing', () => {
  test('of identifiers misses none while whoever follows it deletes or moves the tags that it has seen', async () => {
    for (const change of ['delete', 'move to the end'] as const) {
      const tags = ['a', 'b', 'c', 'd'];
      const path = await fill([{ digest: digestNumber(1), tags, artifactType: undefined }]);
      const seen = new Set<string | undefined>();
      let after: IdentifierKey | undefined;
      for (let pages = 0; pages < 9; pages++) {
        const page = await listImages(stores.ports, path, { tagged: undefined, after, limit: 1 });
        const tag = page.items[0]?.tag;
        const isNew = !seen.has(tag);
        seen.add(tag);
        if (page.next === undefined) break;
        after = page.next;
        if (!isNew || tag === undefined) continue;
        await stores.ports.metadata.write(async (tx) => {
          const repository = await getRepository(tx, path);
          const [image] = await tx.images.identify(repository.id, [digestNumber(1)]);
          if (change === 'delete') await tx.tags.delete(repository.id, [tag]);
          else if (image) await putTags(tx, repository, image, tag);
        });
      }
      expect([...seen].sort()).toEqual(tags);
    }
  });

  test('that is followed while things come and go has everything that was there all the time, once', async () => {
    const images = Array.from({ length: 20 }, (_, at) => ({
      digest: digestNumber(at * 10),
      tags: [`t${at}a`, `t${at}b`],
      artifactType: undefined,
    }));
    const path = await fill(images);
    let step = 0;
    const seen = await follow<{ digest: string; tag: string | undefined }, IdentifierKey>(
      3,
      async (after, limit) => {
        const page = await listImages(stores.ports, path, { tagged: undefined, after, limit });
        await stores.ports.metadata.write(async (tx) => {
          const repository = await getRepository(tx, path);
          const early = await insertImage(tx, repository, digestNumber(step * 10 + 5));
          await putTags(tx, repository, early, `new${step}`);
          const odd = await tx.images.identify(repository.id, [digestNumber((step * 2 + 1) * 10)]);
          await deleteImages(tx, repository, odd);
          step++;
        });
        return page;
      },
      { changing: true },
    );
    expect(step).toBeGreaterThan(5);
    const names = seen.map(({ digest, tag }) => `${digest} ${tag}`);
    expect(new Set(names).size).toBe(names.length);
    const constant = images
      .filter((_, at) => at % 2 === 0)
      .flatMap(({ digest, tags }) => tags.map((tag) => `${digest} ${tag}`));
    expect(constant.filter((name) => !names.includes(name))).toEqual([]);
  });

  test('of tags with a limit of none is empty, and is the end', async () => {
    const path = await fill([{ digest: digestNumber(1), tags: ['a'], artifactType: undefined }]);
    expect(await listTags(stores.ports, path, { after: undefined, limit: 0 })).toEqual({ items: [], next: undefined });
  });

  test('goes on after a key that is gone, or that never was', async () => {
    const path = await fill([{ digest: digestNumber(1), tags: ['b'], artifactType: undefined }]);
    expect((await listTags(stores.ports, path, { after: 'a', limit: 9 })).items).toEqual(['b']);
    expect((await listTags(stores.ports, path, { after: 'c', limit: 9 })).items).toEqual([]);
    expect((await listTags(stores.ports, path, { after: "' OR 1=1 --", limit: 9 })).items).toEqual(['b']);
  });

  test('of a repository that does not exist is refused', async () => {
    const path = await fill([]);
    const missing = { registry: REGISTRY, repositoryName: 'missing' } as RepositoryPath;
    const page = { tagged: undefined, after: undefined, limit: 9, artifactTypes: [] };
    expect((await listTags(stores.ports, path, page)).items).toEqual([]);
    for (const list of [describeImages, listImages, listTags]) {
      await expect(list(stores.ports, missing, page)).rejects.toThrow(/'missing' does not exist/);
    }
    await expect(listReferrers(stores.ports, missing, SUBJECT, page)).rejects.toThrow(/'missing' does not exist/);
  });
});

describe('Describing named images', () => {
  const images = [
    { digest: digestNumber(1), tags: ['a', 'b'], artifactType: undefined },
    { digest: digestNumber(2), tags: [], artifactType: undefined },
  ];

  test('answers each once, in the order they were named', async () => {
    const path = await fill(images);
    const named = await describeNamedImages(stores.ports, path, [
      { imageDigest: digestNumber(2) },
      { imageTag: 'b' },
      { imageDigest: digestNumber(1) },
      { imageDigest: digestNumber(1), imageTag: 'a' },
    ]);
    expect(named.map(({ digest, tags }) => ({ digest, tags }))).toEqual([
      { digest: digestNumber(2), tags: [] },
      { digest: digestNumber(1), tags: ['a', 'b'] },
    ]);
  });

  test.each([
    [{ imageTag: 'z' }, 'ImageNotFound', /imageDigest:'null', imageTag:'z'/],
    [{ imageDigest: digestNumber(9) }, 'ImageNotFound', /imageTag:'null'/],
    [{ imageDigest: digestNumber(2), imageTag: 'a' }, 'MalformedIdentifier', /does not map to the given digest/],
    [{}, 'MalformedIdentifier', /both tag and digest cannot be null/],
    [{ imageDigest: 'nonsense' }, 'MalformedIdentifier', /should satisfy the regex/],
  ])('refuses the whole request for %j', async (imageId, code, message) => {
    const path = await fill(images);
    const attempt = describeNamedImages(stores.ports, path, [{ imageTag: 'a' }, imageId]);
    await expect(attempt).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

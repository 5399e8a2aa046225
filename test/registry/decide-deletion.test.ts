import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideDeletion } from '../../src/registry/deletion/decide-deletion.ts';
import type { ImageFailure, ResolvedIdentifier } from '../../src/registry/image/image-identifier.ts';
import { deleteOneByOne, type World, worlds } from './deletion-model.ts';
import { ONE_IDENTIFIER } from './deletion-table/one-identifier.ts';
import type { DeletionRow, TableIdentifier } from './deletion-table/row.ts';
import { SEVERAL_IDENTIFIERS } from './deletion-table/several-identifiers.ts';

const ROWS = [...ONE_IDENTIFIER, ...SEVERAL_IDENTIFIERS].map((row) => [row.row, row.title, row] as const);
const SYNTAX_FAILURES = [
  'MissingDigestAndTag',
  'InvalidImageDigest',
  'InvalidImageTag',
  'ImageNotFound',
  'ImageTagDoesNotMatchDigest',
];

/** The images of a row with numbers for ids; their digests are their names in angle brackets. */
function stateOf({ images }: DeletionRow) {
  const names = Object.keys(images);
  const idOf = (name: string) => names.indexOf(name);
  const tags = new Map(names.map((name) => [`<${name}>`, images[name]?.tags ?? []]));
  const parents = new Map<number, string[]>();
  for (const parent of names) {
    for (const child of images[parent]?.lists ?? []) {
      parents.set(idOf(child), [...(parents.get(idOf(child)) ?? []), `<${parent}>`]);
    }
  }
  return { names, idOf, tags, parents };
}

/** The rule is asked after identifiers are resolved, so those that could not be come to it as failures. */
function resolve(row: DeletionRow, imageId: TableIdentifier): ResolvedIdentifier {
  const { names, idOf, tags } = stateOf(row);
  const failure = row.failures.find(
    (known) => SYNTAX_FAILURES.includes(known.code) && JSON.stringify(known.imageId) === JSON.stringify(imageId),
  );
  if (failure) return failure as ImageFailure;
  const name = names.find((candidate) =>
    imageId.imageTag === undefined
      ? imageId.imageDigest === `<${candidate}>`
      : tags.get(`<${candidate}>`)?.includes(imageId.imageTag),
  );
  if (name === undefined) throw new Error(`The row names no image by ${JSON.stringify(imageId)}`);
  return {
    imageId,
    image: { id: idOf(name), digest: `<${name}>`, tags: tags.get(`<${name}>`) ?? [] },
    tag: imageId.imageTag,
  };
}

function leftAfter(row: DeletionRow, decision: ReturnType<typeof decideDeletion>) {
  const { names, tags } = stateOf(row);
  const gone = decision.images.map((image) => image.digest);
  const left = names.filter((name) => !gone.includes(`<${name}>`));
  return Object.fromEntries(
    left.map((name) => [name, (tags.get(`<${name}>`) ?? []).filter((tag) => !decision.tags.includes(tag))]),
  );
}

describe('The rule of BatchDeleteImage', () => {
  test.each(ROWS)('row %s: %s', (_, __, row) => {
    const { parents } = stateOf(row);
    const decision = decideDeletion(
      row.request.map((imageId) => resolve(row, imageId)),
      { parents },
    );
    expect(decision.deleted).toEqual(row.deleted);
    expect(decision.failures).toEqual(row.failures);
    expect(leftAfter(row, decision)).toEqual(row.left);
  });

  test('of no identifiers deletes nothing', () => {
    const nothing = { deleted: [], failures: [], tags: [], images: [] };
    expect(decideDeletion([], { parents: new Map() })).toEqual(nothing);
  });

  test('takes an image once, and leaves the removal of its tags to that', () => {
    const image = { id: 7, digest: 'sha256:d', tags: ['x', 'y'] };
    const decision = decideDeletion(
      [
        { imageId: { imageTag: 'x' }, image, tag: 'x' },
        { imageId: { imageDigest: 'sha256:d' }, image, tag: undefined },
      ],
      { parents: new Map() },
    );
    expect(decision.images).toEqual([image]);
    expect(decision.tags).toEqual([]);
  });
});

test('For any repository and any request, the rule decides as if the identifiers had come one by one', () => {
  fc.assert(
    fc.property(worlds({ invalid: false }), ({ world, request }) => {
      const expected = deleteOneByOne(world, request);
      const images = [...world.keys()];
      const idOf = (digest: string) => images.indexOf(digest);
      const decision = decideDeletion(
        request.map((imageId) => resolveIn(world, imageId, idOf)),
        {
          parents: new Map([...world].map(([digest, image]) => [idOf(digest), image.parents])),
        },
      );
      expect(decision.deleted).toEqual(expected.deleted);
      expect(decision.failures.map(({ imageId, code }) => ({ imageId, code }))).toEqual(expected.failures);
      const gone = decision.images.map((image) => image.digest);
      const left = new Map(
        [...world]
          .filter(([digest]) => !gone.includes(digest))
          .map(([digest, image]) => [digest, image.tags.filter((tag) => !decision.tags.includes(tag))]),
      );
      expect(left).toEqual(new Map([...expected.left].map(([digest, image]) => [digest, image.tags])));
    }),
    { numRuns: 3000 },
  );
});

function resolveIn(world: World, imageId: TableIdentifier, idOf: (digest: string) => number): ResolvedIdentifier {
  for (const [digest, { tags }] of world) {
    const { imageDigest, imageTag } = imageId;
    const named = imageTag === undefined ? imageDigest === digest : tags.includes(imageTag);
    if (named && (imageDigest === undefined || imageDigest === digest)) {
      return { imageId, image: { id: idOf(digest), digest, tags }, tag: imageTag };
    }
    if (named) return { imageId, code: 'ImageTagDoesNotMatchDigest', reason: '' };
  }
  return { imageId, code: 'ImageNotFound', reason: '' };
}

test('Where the last tag of an image that an index lists goes, the image stays; by its digest it is refused all the same', () => {
  const image = { id: 1, digest: '<child>', tags: ['v1', 'v2'] };
  const parents = new Map([[1, ['<index>']]]);
  const named = image.tags.map((tag) => ({ imageId: { imageTag: tag }, image, tag }));
  expect(decideDeletion(named, { parents }, 'goes')).toMatchObject({ failures: [], tags: ['v1', 'v2'], images: [] });
  expect(decideDeletion(named, { parents })).toMatchObject({ failures: [{ imageId: { imageTag: 'v2' } }], images: [] });
  const whole = [{ imageId: { imageDigest: '<child>' }, image, tag: undefined }];
  expect(decideDeletion(whole, { parents }, 'goes')).toMatchObject({ failures: [{}], tags: [], images: [] });
});

import fc from 'fast-check';
import type { TableIdentifier } from './deletion-table/row.ts';

/** A repository as the model sees it: its images by digest. */
export type World = ReadonlyMap<string, { readonly tags: string[]; readonly parents: string[] }>;

export interface ModelOutcome {
  readonly deleted: TableIdentifier[];
  readonly failures: { readonly imageId: TableIdentifier; readonly code: string }[];
  readonly left: World;
}

/**
 * What BatchDeleteImage does, told as a story: each identifier is looked up in the repository as it was before the request,
 * and takes away what it may from the repository as the ones before it have left it.
 */
export function deleteOneByOne(before: World, request: readonly TableIdentifier[]): ModelOutcome {
  const left = new Map([...before].map(([digest, image]) => [digest, { ...image, tags: [...image.tags] }]));
  const deleted: TableIdentifier[] = [];
  const failures: ModelOutcome['failures'] = [];
  const say = (imageDigest: string, imageTag: string | undefined) => {
    if (deleted.some((entry) => entry.imageDigest === imageDigest && entry.imageTag === imageTag)) return;
    deleted.push(imageTag === undefined ? { imageDigest } : { imageDigest, imageTag });
  };
  const fail = (imageId: TableIdentifier, code: string) => failures.push({ imageId, code });

  for (const imageId of request) {
    const { imageDigest, imageTag } = imageId;
    if (imageDigest === undefined && imageTag === undefined) {
      fail(imageId, 'MissingDigestAndTag');
    } else if (imageDigest !== undefined && !/^[\w+.-]+:[0-9a-fA-F]+$/.test(imageDigest)) {
      fail(imageId, 'InvalidImageDigest');
    } else if (imageTag !== undefined && !/^\w[\w.-]*$/.test(imageTag)) {
      fail(imageId, 'InvalidImageTag');
    } else if (imageTag === undefined) {
      const image = before.get(imageDigest ?? '');
      if (!image) fail(imageId, 'ImageNotFound');
      else if (image.parents.length > 0) fail(imageId, 'ImageReferencedByManifestList');
      else {
        for (const tag of image.tags) say(imageDigest ?? '', tag);
        if (image.tags.length === 0) say(imageDigest ?? '', undefined);
        left.delete(imageDigest ?? '');
      }
    } else {
      const [digest, image] = [...before].find(([, { tags }]) => tags.includes(imageTag)) ?? [];
      if (digest === undefined || !image) fail(imageId, 'ImageNotFound');
      else if (imageDigest !== undefined && imageDigest !== digest) fail(imageId, 'ImageTagDoesNotMatchDigest');
      else {
        const now = left.get(digest);
        if (image.parents.length > 0 && now?.tags.length === 1 && now.tags[0] === imageTag) {
          fail(imageId, 'ImageReferencedByManifestList');
          continue;
        }
        say(digest, imageTag);
        if (!now) continue;
        now.tags.splice(0, now.tags.length, ...now.tags.filter((tag) => tag !== imageTag));
        if (now.tags.length === 0) left.delete(digest);
      }
    }
  }
  return { deleted, failures, left };
}

export interface Situation {
  readonly world: World;
  readonly request: readonly TableIdentifier[];
}

const digestNumber = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`;

/** Small repositories and requests that hit them: few digests and tags, so that identifiers meet. */
export function worlds({ invalid }: { readonly invalid: boolean }): fc.Arbitrary<Situation> {
  const image = fc.record({
    tags: fc.integer({ min: 0, max: 3 }),
    lists: fc.array(fc.nat(5), { maxLength: 3 }),
  });
  const world = fc.array(image, { maxLength: 6 }).map((images): World => {
    const digests = images.map((_, at) => digestNumber(at + 1));
    return new Map(
      images.map(({ tags }, at) => [
        digests[at] ?? '',
        {
          tags: Array.from({ length: tags }, (_, n) => `t${at}-${n}`),
          // Only images before it: an index comes after what it lists.
          parents: digests.filter((_, parent) => parent > at && images[parent]?.lists.includes(at)),
        },
      ]),
    );
  });
  return world.chain((known) => {
    const tags = [...known.values()].flatMap((one) => one.tags);
    const someTag = fc.constantFrom(...tags, 't9');
    const someDigest = fc.constantFrom(...known.keys(), digestNumber(99));
    const sound = fc.oneof(
      { weight: 3, arbitrary: fc.record({ imageTag: someTag }) },
      { weight: 2, arbitrary: fc.record({ imageDigest: someDigest }) },
      { weight: 2, arbitrary: fc.record({ imageDigest: someDigest, imageTag: someTag }) },
    );
    const unsound = fc.constantFrom<TableIdentifier>(
      {},
      { imageDigest: 'nonsense' },
      { imageTag: '-x' },
      { imageDigest: 'nonsense', imageTag: '-x' },
      { imageDigest: digestNumber(1), imageTag: 'a b' },
    );
    const identifier: fc.Arbitrary<TableIdentifier> = invalid
      ? fc.oneof({ weight: 5, arbitrary: sound }, unsound)
      : sound;
    return fc.record({ world: fc.constant(known), request: fc.array(identifier, { maxLength: 10 }) });
  });
}

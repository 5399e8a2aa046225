import type { ImageFailure, ImageIdentifier } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { type BuiltManifest, buildIndex } from '../support/images.ts';
import { serveThisFile } from './support/ecr-server.ts';
import { expectImages } from './support/expect-images.ts';
import { failure } from './support/failures.ts';
import { freshRepository, imageNamed } from './support/test-repository.ts';

const { client } = await serveThisFile();

const A = imageNamed('a');
const B = imageNamed('b');
const C = imageNamed('c');
const INDEX = buildIndex([A, B]);
const NESTED = buildIndex([INDEX]);
const a = A.digest;
const b = B.digest;
const c = C.digest;
const index = INDEX.digest;
const unknown = `sha256:${'0'.repeat(64)}`;

const at = (imageDigest: string, imageTag?: string): ImageIdentifier =>
  imageTag === undefined ? { imageDigest } : { imageDigest, imageTag };

interface Case {
  readonly says: string;
  readonly pushed: readonly (readonly [BuiltManifest, ...tags: string[]])[];
  readonly ask: readonly ImageIdentifier[];
  readonly gone: readonly ImageIdentifier[];
  readonly fail?: readonly ImageFailure[];
  readonly left: readonly ImageIdentifier[];
}

/** Fidelity facts, section 1.3. What the identifiers say is judged by the state before the request. */
const CASES: readonly Case[] = [
  {
    says: 'a tag that is there and one that is not: an entry and a failure',
    pushed: [
      [A, 'a'],
      [B, 'b'],
    ],
    ask: [{ imageTag: 'a' }, { imageTag: 'absent' }],
    gone: [at(a, 'a')],
    fail: [failure.notFound({ imageTag: 'absent' })],
    left: [at(b, 'b')],
  },
  {
    says: 'a digest and then a tag of it: one entry a tag, no failure',
    pushed: [[A, 't1', 't2']],
    ask: [at(a), { imageTag: 't2' }],
    gone: [at(a, 't1'), at(a, 't2')],
    left: [],
  },
  {
    says: 'a tag and then its digest: the tag leads, and comes once',
    pushed: [[A, 't1', 't2']],
    ask: [{ imageTag: 't2' }, at(a)],
    gone: [at(a, 't2'), at(a, 't1')],
    left: [],
  },
  {
    says: 'the same image by tag, by digest and tag, and by digest: one entry',
    pushed: [[A, 't']],
    ask: [{ imageTag: 't' }, at(a, 't'), at(a)],
    gone: [at(a, 't')],
    left: [],
  },
  {
    says: 'the same digest twice: one entry',
    pushed: [[A]],
    ask: [at(a), at(a)],
    gone: [at(a)],
    left: [],
  },
  {
    says: 'the same tag twice: one entry, and the image keeps its other tag',
    pushed: [[A, 't1', 't2']],
    ask: [{ imageTag: 't1' }, { imageTag: 't1' }],
    gone: [at(a, 't1')],
    left: [at(a, 't2')],
  },
  {
    says: 'all tags of an image: an entry each, and the image is gone',
    pushed: [[A, 't1', 't2', 't3']],
    ask: [{ imageTag: 't3' }, { imageTag: 't1' }, at(a, 't2')],
    gone: [at(a, 't3'), at(a, 't1'), at(a, 't2')],
    left: [],
  },
  {
    says: 'all tags but one: the image stays with that one',
    pushed: [[A, 't1', 't2', 't3']],
    ask: [{ imageTag: 't3' }, { imageTag: 't1' }],
    gone: [at(a, 't3'), at(a, 't1')],
    left: [at(a, 't2')],
  },
  {
    says: 'a digest, and its tag with the wrong digest: the image goes, and the other fails',
    pushed: [
      [A, 'a'],
      [B, 'b'],
    ],
    ask: [at(a), at(b, 'a')],
    gone: [at(a, 'a')],
    fail: [failure.mismatch(at(b, 'a'))],
    left: [at(b, 'b')],
  },
  {
    says: 'an index and then what it lists: the child fails, though the index goes',
    pushed: [[INDEX, 'index']],
    ask: [at(index), at(a)],
    gone: [at(index, 'index')],
    fail: [failure.referenced(at(a), index)],
    left: [at(a), at(b)],
  },
  {
    says: 'what an index lists and then the index: the same',
    pushed: [[INDEX, 'index']],
    ask: [at(a), { imageTag: 'index' }, at(b)],
    gone: [at(index, 'index')],
    fail: [failure.referenced(at(a), index), failure.referenced(at(b), index)],
    left: [at(a), at(b)],
  },
  {
    says: 'three generations: only the eldest goes',
    pushed: [
      [NESTED, 'nested'],
      [A, 'a'],
    ],
    ask: [at(a), at(index), at(NESTED.digest)],
    gone: [at(NESTED.digest, 'nested')],
    fail: [failure.referenced(at(a), index), failure.referenced(at(index), NESTED.digest)],
    left: [at(a, 'a'), at(b), at(index)],
  },
  {
    says: 'all tags of what an index lists: all go but the one named last',
    pushed: [[A, 't1', 't2'], [INDEX]],
    ask: [{ imageTag: 't2' }, { imageTag: 't1' }],
    gone: [at(a, 't2')],
    fail: [failure.referenced({ imageTag: 't1' }, index)],
    left: [at(a, 't1'), at(b), at(index)],
  },
  {
    says: 'the digest and a tag of what an index lists: the tag goes, the image does not',
    pushed: [[A, 't1', 't2'], [INDEX]],
    ask: [at(a), { imageTag: 't1' }],
    gone: [at(a, 't1')],
    fail: [failure.referenced(at(a), index)],
    left: [at(a, 't2'), at(b), at(index)],
  },
  {
    says: 'the same twice, and it fails: a failure each',
    pushed: [],
    ask: [{ imageTag: 'absent' }, { imageTag: 'absent' }, {}, {}],
    gone: [],
    fail: [...[1, 2].map(() => failure.notFound({ imageTag: 'absent' })), failure.missing({}), failure.missing({})],
    left: [],
  },
  {
    says: 'every kind at once: both lists in the order of the request',
    pushed: [[A, 'a1', 'a2'], [B], [C, 'c1', 'c2']],
    ask: [
      { imageTag: 'c2' },
      {},
      at('invalid'),
      at(b),
      { imageTag: 'a b' },
      at(unknown),
      at(a),
      at(c, 'a1'),
      { imageTag: 'x' },
    ],
    gone: [at(c, 'c2'), at(b), at(a, 'a1'), at(a, 'a2')],
    fail: [
      failure.missing({}),
      failure.invalidDigest(at('invalid')),
      failure.invalidTag({ imageTag: 'a b' }),
      failure.notFound(at(unknown)),
      failure.mismatch(at(c, 'a1')),
      failure.notFound({ imageTag: 'x' }),
    ],
    left: [at(c, 'c1')],
  },
];

describe('BatchDeleteImage, several identifiers', () => {
  for (const { says, pushed, ask, gone, fail = [], left } of CASES) {
    it(says, async () => {
      const repository = await freshRepository(client);
      for (const [image, ...tags] of pushed) await repository.push(image, ...tags);

      expect(await repository.delete(...ask)).toEqual({ imageIds: gone, failures: fail });
      await expectImages(client, repository, left);
    });
  }

  it('deletes in a second request what failed in the first because of an index that is gone now', async () => {
    const repository = await freshRepository(client);
    await repository.push(INDEX, 'index');
    const both = [at(index), at(a)];
    expect((await repository.delete(...both)).failures).toEqual([failure.referenced(at(a), index)]);
    expect(await repository.delete(...both)).toEqual({ imageIds: [at(a)], failures: [failure.notFound(at(index))] });
  });

  it('takes 100 identifiers, and answers them in the order of the request', async () => {
    const repository = await freshRepository(client);
    const images = Array.from({ length: 100 }, (_, number) => imageNamed(`image ${number}`));
    for (const [number, image] of images.entries()) await repository.push(image, `tag-${number}`);
    const ask = images
      .map((image, number) => (number % 2 ? at(image.digest) : { imageTag: `tag-${number}` }))
      .reverse();

    const gone = images.map((image, number) => at(image.digest, `tag-${number}`)).reverse();
    expect(await repository.delete(...ask)).toEqual({ imageIds: gone, failures: [] });
    expect(await repository.list()).toEqual([]);
  });

  it('answers more than 100 entries for one digest that has as many tags', async () => {
    const repository = await freshRepository(client);
    const tags = Array.from({ length: 120 }, (_, number) => `tag-${(number * 7) % 120}`);
    await repository.push(A, ...tags);
    expect(await repository.delete(at(a))).toEqual({ imageIds: tags.map((tag) => at(a, tag)), failures: [] });
    expect(await repository.list()).toEqual([]);
  });

  it('deletes an image once, however many ask at the same time', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'a');
    const answers = await Promise.all(Array.from({ length: 8 }, () => repository.delete(at(a))));
    const winners = answers.filter(({ imageIds }) => imageIds?.length === 1);
    expect(winners).toEqual([{ imageIds: [at(a, 'a')], failures: [] }]);
    const losers = answers.filter(({ imageIds }) => imageIds?.length === 0);
    expect(losers).toEqual(Array.from({ length: 7 }, () => ({ imageIds: [], failures: [failure.notFound(at(a))] })));
  });

  it('lets a tag move or go, never both, when a push and a deletion of it meet', async () => {
    const repository = await freshRepository(client);
    await repository.push(A, 'keep-a', 'moving');
    await repository.push(B, 'keep-b');
    const [deleted] = await Promise.all([repository.delete(at(a, 'moving')), repository.put(B, 'moving')]);
    const [gone] = deleted.imageIds ?? [];
    if (gone) expect(deleted).toEqual({ imageIds: [at(a, 'moving')], failures: [] });
    else expect(deleted).toEqual({ imageIds: [], failures: [failure.mismatch(at(a, 'moving'))] });
    await expectImages(client, repository, [at(a, 'keep-a'), at(b, 'keep-b'), at(b, 'moving')]);
  });
});

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
const INDEX = buildIndex([A, B]);
const OTHER_INDEX = buildIndex([A], { annotations: { name: 'other' } });
const NESTED = buildIndex([INDEX]);
const SIGNATURE = imageNamed('signature', { artifactType: 'application/x-signature', subject: A });
const FALLBACK = buildIndex([SIGNATURE], { annotations: { name: 'fallback' } });
/** The tag that clients from before OCI 1.1 keep a list of referrers under. */
const FALLBACK_TAG = A.digest.replace(':', '-');

const a = A.digest;
const b = B.digest;
const index = INDEX.digest;
const unknown = `sha256:${'0'.repeat(64)}`;

interface Row {
  /** The row of the decision table (fidelity facts, section 1.2), and what it says. */
  readonly row: string;
  readonly says: string;
  readonly pushed: readonly (readonly [BuiltManifest, ...tags: string[]])[];
  readonly ask: ImageIdentifier;
  readonly gone?: readonly ImageIdentifier[];
  readonly fails?: ImageFailure;
  readonly left: readonly ImageIdentifier[];
}

const at = (imageDigest: string, imageTag?: string): ImageIdentifier =>
  imageTag === undefined ? { imageDigest } : { imageDigest, imageTag };

const ROWS: readonly Row[] = [
  {
    row: '1',
    says: 'by tag, of an image with other tags: only the tag goes, and the answer names the digest',
    pushed: [[A, 'precise', 'latest']],
    ask: { imageTag: 'precise' },
    gone: [at(a, 'precise')],
    left: [at(a, 'latest')],
  },
  {
    row: '2',
    says: 'by the last tag: the image goes, and nothing untagged is left',
    pushed: [
      [A, 'precise'],
      [B, 'b'],
    ],
    ask: { imageTag: 'precise' },
    gone: [at(a, 'precise')],
    left: [at(b, 'b')],
  },
  {
    row: '3',
    says: 'by the last tag of what an index lists: refused, and the tag stays',
    pushed: [
      [A, 'child'],
      [INDEX, 'index'],
    ],
    ask: { imageTag: 'child' },
    fails: failure.referenced({ imageTag: 'child' }, index),
    left: [at(a, 'child'), at(b), at(index, 'index')],
  },
  {
    row: '4',
    says: 'by one of two tags of what an index lists: the tag goes',
    pushed: [
      [A, 'child', 'other'],
      [INDEX, 'index'],
    ],
    ask: { imageTag: 'child' },
    gone: [at(a, 'child')],
    left: [at(a, 'other'), at(b), at(index, 'index')],
  },
  {
    row: '5',
    says: 'by a tag that is not there: not found',
    pushed: [[A, 'precise']],
    ask: { imageTag: 'absent' },
    fails: failure.notFound({ imageTag: 'absent' }),
    left: [at(a, 'precise')],
  },
  {
    row: '5, case',
    says: 'by a tag in another case: not found',
    pushed: [[A, 'precise']],
    ask: { imageTag: 'Precise' },
    fails: failure.notFound({ imageTag: 'Precise' }),
    left: [at(a, 'precise')],
  },
  {
    row: '6',
    says: 'by digest: the image goes with all its tags, one entry each, in the order they were pushed',
    pushed: [[A, 'xenial', 'latest', 'a16.04']],
    ask: at(a),
    gone: [at(a, 'xenial'), at(a, 'latest'), at(a, 'a16.04')],
    left: [],
  },
  {
    row: '7',
    says: 'by digest, of an untagged image: one entry without a tag',
    pushed: [[A], [B, 'b']],
    ask: at(a),
    gone: [at(a)],
    left: [at(b, 'b')],
  },
  {
    row: '8',
    says: 'by a digest that is not there: not found',
    pushed: [[A, 'a']],
    ask: at(unknown),
    fails: failure.notFound(at(unknown)),
    left: [at(a, 'a')],
  },
  {
    row: '8, upper case',
    says: 'by a digest in upper case: not found, for digests are compared as they stand',
    pushed: [[A, 'a']],
    ask: at(`sha256:${a.slice(7).toUpperCase()}`),
    fails: failure.notFound(at(`sha256:${a.slice(7).toUpperCase()}`)),
    left: [at(a, 'a')],
  },
  {
    row: '9',
    says: 'by digest of what an index lists: refused, naming the index',
    pushed: [
      [A, 'child'],
      [INDEX, 'index'],
    ],
    ask: at(a),
    fails: failure.referenced(at(a), index),
    left: [at(a, 'child'), at(b), at(index, 'index')],
  },
  {
    row: '9, nested',
    says: 'by digest of an index that an index lists: refused',
    pushed: [[NESTED, 'nested']],
    ask: at(index),
    fails: failure.referenced(at(index), NESTED.digest),
    left: [at(a), at(b), at(index), at(NESTED.digest, 'nested')],
  },
  {
    row: '10',
    says: 'by digest and tag that match: only the tag goes',
    pushed: [[A, 'precise', 'latest']],
    ask: at(a, 'precise'),
    gone: [at(a, 'precise')],
    left: [at(a, 'latest')],
  },
  {
    row: '10, last tag',
    says: 'by digest and the last tag: the image goes',
    pushed: [[A, 'precise']],
    ask: at(a, 'precise'),
    gone: [at(a, 'precise')],
    left: [],
  },
  {
    row: '10, referenced',
    says: 'by digest and the last tag of what an index lists: refused, and the tag stays',
    pushed: [[A, 'child'], [INDEX]],
    ask: at(a, 'child'),
    fails: failure.referenced(at(a, 'child'), index),
    left: [at(a, 'child'), at(b), at(index)],
  },
  {
    row: '11',
    says: 'by a digest that is there and a tag that is not: not found, echoing both',
    pushed: [[A, 'a']],
    ask: at(a, 'absent'),
    fails: failure.notFound(at(a, 'absent')),
    left: [at(a, 'a')],
  },
  {
    row: '12',
    says: "by a tag and another image's digest: they do not match",
    pushed: [
      [A, 'a'],
      [B, 'b'],
    ],
    ask: at(a, 'b'),
    fails: failure.mismatch(at(a, 'b')),
    left: [at(a, 'a'), at(b, 'b')],
  },
  {
    row: '12, unknown digest',
    says: 'by a tag and a digest that is not there: they do not match',
    pushed: [[A, 'a']],
    ask: at(unknown, 'a'),
    fails: failure.mismatch(at(unknown, 'a')),
    left: [at(a, 'a')],
  },
  {
    row: '13',
    says: 'by a digest and a tag of which neither is there: not found',
    pushed: [[A, 'a']],
    ask: at(unknown, 'absent'),
    fails: failure.notFound(at(unknown, 'absent')),
    left: [at(a, 'a')],
  },
  {
    row: '14',
    says: 'by nothing: both are missing',
    pushed: [[A, 'a']],
    ask: {},
    fails: failure.missing({}),
    left: [at(a, 'a')],
  },
  ...[
    'invalid_digest',
    'sha256:invalid-digest',
    'sha256:',
    ':00',
    '',
    ' ',
    `${a} `,
    `${a}\n`,
    '../../etc/passwd:00',
    `sha256:${'0'.repeat(994)}`,
  ].map(
    (imageDigest): Row => ({
      row: '15',
      says: `by ${JSON.stringify(imageDigest.slice(0, 30))}, which is no digest: its syntax is refused`,
      pushed: [[A, 'a']],
      ask: { imageDigest },
      fails: failure.invalidDigest({ imageDigest }),
      left: [at(a, 'a')],
    }),
  ),
  {
    row: '15 before 16',
    says: 'by two halves that are both wrong: the digest is refused first',
    pushed: [],
    ask: at('invalid', 'a b'),
    fails: failure.invalidDigest(at('invalid', 'a b')),
    left: [],
  },
  {
    row: '15 before 13',
    says: 'by a wrong digest with a tag that is there: the digest is refused',
    pushed: [[A, 'a']],
    ask: at('invalid', 'a'),
    fails: failure.invalidDigest(at('invalid', 'a')),
    left: [at(a, 'a')],
  },
  ...['a b', '.a', '-a', 'a/b', 'a:b', 'ä', 'a\n', '%00', "';--"].map(
    (imageTag): Row => ({
      row: '16',
      says: `by ${JSON.stringify(imageTag)}, which is no tag: its syntax is refused`,
      pushed: [[A, 'a']],
      ask: { imageTag },
      fails: failure.invalidTag({ imageTag }),
      left: [at(a, 'a')],
    }),
  ),
  {
    row: '16 before 11',
    says: 'by a digest that is there and a wrong tag: the tag is refused',
    pushed: [[A, 'a']],
    ask: at(a, 'a b'),
    fails: failure.invalidTag(at(a, 'a b')),
    left: [at(a, 'a')],
  },
  {
    row: '17',
    says: 'by a tag of 300 characters, the longest: it goes',
    pushed: [[A, 'a'.repeat(300)]],
    ask: { imageTag: 'a'.repeat(300) },
    gone: [at(a, 'a'.repeat(300))],
    left: [],
  },
  {
    row: '23',
    says: 'an index: it goes, and what it lists stays',
    pushed: [
      [A, 'child'],
      [INDEX, 'index'],
    ],
    ask: { imageTag: 'index' },
    gone: [at(index, 'index')],
    left: [at(a, 'child'), at(b)],
  },
  {
    row: '24',
    says: 'a referrer: it goes, and its subject stays',
    pushed: [[A, 'a'], [SIGNATURE]],
    ask: at(SIGNATURE.digest),
    gone: [at(SIGNATURE.digest)],
    left: [at(a, 'a')],
  },
  {
    row: '25',
    says: 'a subject with referrers: it goes',
    pushed: [[A, 'a'], [SIGNATURE]],
    ask: at(a),
    gone: [at(a, 'a')],
    left: [at(SIGNATURE.digest)],
  },
  {
    row: '26',
    says: 'a referrer that a fallback index lists: refused as any child is',
    pushed: [
      [A, 'a'],
      [FALLBACK, FALLBACK_TAG],
    ],
    ask: at(SIGNATURE.digest),
    fails: failure.referenced(at(SIGNATURE.digest), FALLBACK.digest),
    left: [at(a, 'a'), at(SIGNATURE.digest), at(FALLBACK.digest, FALLBACK_TAG)],
  },
  {
    row: 'several parents',
    says: 'what two indexes list: refused, naming both in order of digest',
    pushed: [
      [INDEX, 'index'],
      [OTHER_INDEX, 'other'],
    ],
    ask: at(a),
    fails: failure.referenced(at(a), ...[index, OTHER_INDEX.digest].sort()),
    left: [at(a), at(b), at(index, 'index'), at(OTHER_INDEX.digest, 'other')],
  },
];

describe('BatchDeleteImage, one identifier', () => {
  for (const { row, says, pushed, ask, gone = [], fails, left } of ROWS) {
    it(`row ${row}: ${says}`, async () => {
      const repository = await freshRepository(client);
      for (const [image, ...tags] of pushed) await repository.push(image, ...tags);

      expect(await repository.delete(ask)).toEqual({ imageIds: gone, failures: fails ? [fails] : [] });
      await expectImages(client, repository, left);
    });
  }
});

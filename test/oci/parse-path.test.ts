import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { Fault } from '../../src/model/fault.ts';
import { parseRepositoryName } from '../../src/model/repository-name.ts';
import { parsePath } from '../../src/oci/parse-path.ts';

const DIGEST = digestOf(Buffer.from('x'));

test.each([
  ['/v2', 'root', {}],
  ['/v2/', 'root', {}],
  ['/v2/_catalog', 'catalog', {}],
  ['/v2/team/app/tags/list', 'tags', { repositoryName: 'team/app' }],
  ['/v2/app/manifests/v1', 'manifest', { repositoryName: 'app', reference: { tag: 'v1' } }],
  [`/v2/app/manifests/${DIGEST}`, 'manifest', { repositoryName: 'app', reference: { digest: DIGEST } }],
  [`/v2/app/referrers/${DIGEST}`, 'referrers', { repositoryName: 'app', digest: DIGEST }],
  [`/v2/app/blobs/${DIGEST}`, 'blob', { repositoryName: 'app', digest: DIGEST }],
  ['/v2/app/blobs/uploads/', 'uploads', { repositoryName: 'app' }],
  ['/v2/app/blobs/uploads', 'uploads', { repositoryName: 'app' }],
  ['/v2/app/blobs/uploads/some-id', 'upload', { repositoryName: 'app', uploadId: 'some-id' }],
])('%s is %s', (path, shape, names) => {
  expect(parsePath(path)).toEqual({ shape, names });
});

test.each([
  ['/v2/aa/tags/list/tags/list', 'tags', 'aa/tags/list'],
  ['/v2/manifests/manifests/v1', 'manifest', 'manifests'],
  ['/v2/aa/manifests/tags/list', 'tags', 'aa/manifests'],
  ['/v2/aa/tags/manifests/list', 'manifest', 'aa/tags'],
  ['/v2/aa/blobs/uploads/manifests/v1', 'manifest', 'aa/blobs/uploads'],
  ['/v2/aa/blobs/uploads/blobs/uploads/', 'uploads', 'aa/blobs/uploads'],
  ['/v2/blobs/blobs/uploads/7', 'upload', 'blobs'],
  [`/v2/uploads/blobs/${DIGEST}`, 'blob', 'uploads'],
  ['/v2/v2/_catalog/tags/list', undefined, 'v2/_catalog'],
  ['/v2/v2/tags/list', 'tags', 'v2'],
  [`/v2/aa/referrers/referrers/${DIGEST}`, 'referrers', 'aa/referrers'],
])('a name may contain the words of the protocol: %s', (path, shape, repositoryName) => {
  if (shape === undefined) expect(faultOf(path)).toBe('InvalidName');
  else expect(parsePath(path)).toMatchObject({ shape, names: { repositoryName } });
});

test('every name that is valid is read back from every path that has it', () => {
  const word = fc.constantFrom(
    'tags',
    'list',
    'manifests',
    'blobs',
    'uploads',
    'referrers',
    'v2',
    'a0',
    'x-y',
    'b__c',
    'd.e',
  );
  const names = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join('/'));
  fc.assert(
    fc.property(names, (name) => {
      const repositoryName = parseRepositoryName(name);
      expect(parsePath(`/v2/${name}/tags/list`)).toEqual({ shape: 'tags', names: { repositoryName } });
      expect(parsePath(`/v2/${name}/manifests/list`)).toMatchObject({ shape: 'manifest', names: { repositoryName } });
      expect(parsePath(`/v2/${name}/blobs/${DIGEST}`)).toMatchObject({ shape: 'blob', names: { repositoryName } });
      expect(parsePath(`/v2/${name}/referrers/${DIGEST}`)).toMatchObject({
        shape: 'referrers',
        names: { repositoryName },
      });
      expect(parsePath(`/v2/${name}/blobs/uploads/`)).toEqual({ shape: 'uploads', names: { repositoryName } });
      expect(parsePath(`/v2/${name}/blobs/uploads/7`)).toMatchObject({ shape: 'upload', names: { repositoryName } });
    }),
  );
});

test.each([
  '..',
  'a/../b',
  'a//b',
  '/a',
  'a/',
  '.a',
  'a.',
  'a..b',
  'A',
  'aPp',
  'a%2fb',
  'a%252fb',
  'a\\b',
  '%00',
  'a\0b',
  '_upload',
  'a b',
  'con:',
  'v',
  '',
  '%2e%2e',
  '%61%61',
  'a;x',
  'é',
  'e\u0301',
  'a\u200db',
  'a\u202eb',
  '\u212aelvin',
  'ａａ',
  'aa\n',
  'a'.repeat(257),
])('%j is no repository name', (name) => {
  expect(faultOf(`/v2/${name}/tags/list`)).toBe('InvalidName');
});

test('a name has 2 to 256 characters', () => {
  expect(parsePath(`/v2/${'a'.repeat(256)}/tags/list`)).toMatchObject({ shape: 'tags' });
  expect(parsePath('/v2/aa/tags/list')).toMatchObject({ shape: 'tags' });
});

test.each([
  `sha256:${'a'.repeat(63)}`,
  `sha256:${'a'.repeat(65)}`,
  `sha256:${'A'.repeat(64)}`,
  `SHA256:${'a'.repeat(64)}`,
  `sha512:${'a'.repeat(64)}`,
  `md5:${'a'.repeat(32)}`,
  `sha256+b64:${'a'.repeat(64)}`,
  `sha256:${'a'.repeat(64)}:`,
  `sha256:sha256:${'a'.repeat(64)}`,
  'sha256:../../etc/passwd'.replaceAll('/', '%2f'),
  'sha256:',
  ':',
])('%s is no digest', (digest) => {
  expect(faultOf(`/v2/app/blobs/${digest}`)).toBe('InvalidDigest');
  expect(faultOf(`/v2/app/referrers/${digest}`)).toBe('InvalidDigest');
  expect(faultOf(`/v2/app/manifests/${digest}`)).toBe('InvalidDigest');
});

test('a digest needs its colon, in a path as such or encoded', () => {
  expect(parsePath(`/v2/app/blobs/${DIGEST.replace(':', '%3A')}`)).toMatchObject({ names: { digest: DIGEST } });
  expect(parsePath(`/v2/app/manifests/${DIGEST.replace(':', '%3a')}`)).toMatchObject({
    names: { reference: { digest: DIGEST } },
  });
  expect(faultOf(`/v2/app/blobs/${DIGEST.replace(':', '%253A')}`)).toBe('InvalidDigest');
  expect(faultOf(`/v2/app/blobs/${DIGEST.replace(':', '-')}`)).toBe('InvalidDigest');
});

test('tags have up to 300 characters and may look like a digest without its colon', () => {
  for (const tag of ['a'.repeat(300), DIGEST.replace(':', '-'), 'f'.repeat(64), '_', 'V1.0-rc_1', '0']) {
    expect(parsePath(`/v2/app/manifests/${tag}`)).toMatchObject({ names: { reference: { tag } } });
  }
  for (const tag of ['a'.repeat(301), '-a', '.a', '..', '', 'a b', 'a%20b', 'latest@sha256', '🐳', 'a+b']) {
    expect(faultOf(`/v2/app/manifests/${tag}`)).toBe('InvalidReference');
  }
});

test.each([
  '/',
  '/v1/',
  '/V2/',
  '/v2x',
  '/v2%2f',
  '//v2/',
  '/v2/_catalog/',
  '/v2/app',
  '/v2/app/',
  '/v2/app/tags',
  '/v2/app/tags/list/',
  '/v2/app/tags/lists',
  `/v2/app/manifest/${DIGEST}`,
  '/v2/app/_oci/ext/discover',
  '/v2/app/blobs/uploads/7/8',
  '/v2/aa/bb/uploads/7',
])('%s is no path of the protocol', (path) => {
  expect(parsePath(path)).toBeUndefined();
});

test('whatever the path, it is read, refused by a fault, or not of the protocol', () => {
  const segment = fc.oneof(
    fc.constantFrom(
      '',
      '.',
      '..',
      'tags',
      'list',
      'manifests',
      'blobs',
      'uploads',
      'referrers',
      '_catalog',
      'aa',
      DIGEST,
      '%2f',
      '%00',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
      try {
        parsePath(`/v2/${segments.join('/')}`);
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
      }
    }),
    { numRuns: 1000 },
  );
});

function faultOf(path: string): string | undefined {
  try {
    parsePath(path);
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

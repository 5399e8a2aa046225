import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { Fault } from '../../src/model/fault.ts';
import { parseManifest } from '../../src/model/manifest.ts';
import {
  DOCKER_IMAGE_MANIFEST,
  isManifestMediaType,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
} from '../../src/model/media-type.ts';

const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';

type Json = Record<string, unknown>;

const digest = (seed: string) => digestOf(Buffer.from(seed));
const descriptor = (seed: string, more: Json = {}): Json => ({
  mediaType: LAYER_TYPE,
  digest: digest(seed),
  size: 10,
  ...more,
});
const config = (more: Json = {}) => descriptor('config', { mediaType: CONFIG_TYPE, ...more });
const image = (more: Json = {}): Json => ({
  schemaVersion: 2,
  mediaType: OCI_IMAGE_MANIFEST,
  config: config(),
  layers: [descriptor('1')],
  ...more,
});
const index = (more: Json = {}): Json => ({
  schemaVersion: 2,
  mediaType: OCI_IMAGE_INDEX,
  manifests: [descriptor('child', { mediaType: OCI_IMAGE_MANIFEST })],
  ...more,
});
const without = (document: Json, name: string): Json =>
  Object.fromEntries(Object.entries(document).filter(([key]) => key !== name));
const bytesOf = (document: unknown) => Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));

function refusalOf(document: unknown, declared?: string): string {
  try {
    parseManifest(bytesOf(document), declared);
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    expect((error as Fault).code).toBe('InvalidManifest');
    return (error as Fault).message;
  }
  throw new Error('The manifest was taken');
}

describe('A manifest is read', () => {
  test('with its bytes as they are and the digest over exactly those', () => {
    const bytes = Buffer.from(`\n ${JSON.stringify(image(), undefined, 3)}  \n`);
    const manifest = parseManifest(bytes);
    expect(manifest.bytes).toBe(bytes);
    expect(manifest.digest).toBe(digestOf(bytes));
    expect(parseManifest(bytes, undefined, 'sha512').digest).toBe(digestOf(bytes, 'sha512'));
  });

  test('as an image: config first, then layers in order, each digest once', () => {
    const manifest = parseManifest(bytesOf(image({ layers: [descriptor('2'), descriptor('1'), descriptor('2')] })));
    expect(manifest.kind).toBe('image');
    expect(manifest.blobs.map((blob) => blob.digest)).toEqual([digest('config'), digest('2'), digest('1')]);
    expect(manifest.children).toEqual([]);
    expect(manifest.configMediaType).toBe(CONFIG_TYPE);
  });

  test.each([OCI_IMAGE_INDEX, DOCKER_LIST])('as an index of the type %s', (mediaType) => {
    const manifest = parseManifest(
      bytesOf(index({ mediaType, manifests: [descriptor('a'), descriptor('b'), descriptor('a')] })),
    );
    expect(manifest.kind).toBe('index');
    expect(manifest.children.map((child) => child.digest)).toEqual([digest('a'), digest('b')]);
    expect(manifest.blobs).toEqual([]);
    expect(manifest.configMediaType).toBeUndefined();
  });

  test("as docker's schema 2, an image without layers, an index without manifests", () => {
    expect(parseManifest(bytesOf(image({ mediaType: DOCKER_IMAGE_MANIFEST }))).kind).toBe('image');
    expect(parseManifest(bytesOf(image({ layers: [] }))).blobs).toHaveLength(1);
    expect(parseManifest(bytesOf(index({ manifests: [] }))).children).toEqual([]);
  });

  test('with the media type of the request when it has none of its own', () => {
    expect(parseManifest(bytesOf(without(image(), 'mediaType')), OCI_IMAGE_MANIFEST).mediaType).toBe(
      OCI_IMAGE_MANIFEST,
    );
    expect(parseManifest(bytesOf(without(index(), 'mediaType')), OCI_IMAGE_INDEX).kind).toBe('index');
  });

  test('with the media type that its shape says when nobody names one', () => {
    expect(parseManifest(bytesOf(without(image(), 'mediaType'))).mediaType).toBe(OCI_IMAGE_MANIFEST);
    expect(parseManifest(bytesOf(without(index(), 'mediaType'))).mediaType).toBe(OCI_IMAGE_INDEX);
  });

  test('as an artifact: its own type, else the type of its config', () => {
    expect(parseManifest(bytesOf(image({ artifactType: 'application/x' }))).artifactType).toBe('application/x');
    expect(parseManifest(bytesOf(image())).artifactType).toBe(CONFIG_TYPE);
    expect(parseManifest(bytesOf(image({ artifactType: '' }))).artifactType).toBe(CONFIG_TYPE);
    expect(parseManifest(bytesOf(index())).artifactType).toBeUndefined();
    expect(parseManifest(bytesOf(index({ artifactType: 'application/x' }))).artifactType).toBe('application/x');
  });

  test('with its subject and its annotations', () => {
    const subject = descriptor('subject', { mediaType: OCI_IMAGE_MANIFEST, size: 7 });
    const manifest = parseManifest(bytesOf(image({ subject, annotations: { a: '1' } })));
    expect(manifest.subject).toEqual({ mediaType: OCI_IMAGE_MANIFEST, digest: digest('subject'), size: 7 });
    expect(manifest.annotations).toEqual({ a: '1' });
    expect(parseManifest(bytesOf(image({ subject: null, annotations: null }))).subject).toBeUndefined();
  });

  test('with members that nobody knows, which are kept in the bytes and otherwise passed over', () => {
    expect(parseManifest(bytesOf(image({ future: { a: [1] }, config: config({ data: 'e30=' }) }))).blobs).toHaveLength(
      2,
    );
  });
});

describe('A layer may be missing from the registry', () => {
  const required = (...layers: Json[]) =>
    parseManifest(bytesOf(image({ layers })))
      .blobs.slice(1)
      .map((blob) => blob.required);

  test.each([
    ['with urls', { urls: ['https://example.com/layer'] }],
    ['that OCI calls non-distributable', { mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' }],
    ['that docker calls foreign', { mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' }],
  ])('when it is one %s', (_, more) => {
    expect(required(descriptor('1', more))).toEqual([false]);
  });

  test('but not with an empty list of urls, nor when the same layer is also named as a usual one', () => {
    const foreign = descriptor('1', { urls: ['https://example.com/layer'] });
    expect(required(descriptor('1', { urls: [] }))).toEqual([true]);
    expect(required(descriptor('1'), foreign)).toEqual([true]);
    expect(required(foreign, descriptor('1'))).toEqual([true]);
  });
});

describe('A document that could be taken for something else is refused', () => {
  test.each([
    ['an image with manifests', image({ manifests: [] })],
    ['an index with layers', index({ layers: [] })],
    ['an index with a config', index({ config: config() })],
    ['an image and an index in one, without a type', { schemaVersion: 2, config: config(), layers: [], manifests: [] }],
    ['an image that calls itself an index', image({ mediaType: OCI_IMAGE_INDEX })],
    ['an index that calls itself an image', index({ mediaType: OCI_IMAGE_MANIFEST })],
    ['mediaType given twice', JSON.stringify(image()).replace('{', `{"mediaType":"${OCI_IMAGE_INDEX}",`)],
    ['mediaType given twice, once escaped', JSON.stringify(image()).replace('{', '{"m\\u0065diaType":"x",')],
    ['layers given twice', JSON.stringify(image()).replace('{', '{"layers":[],')],
    ['data after the document', `${JSON.stringify(image())}{}`],
    ['a byte order mark', `\uFEFF${JSON.stringify(image())}`],
  ])('%s', (_, document) => {
    refusalOf(document);
  });

  test('when the request and the document name different types', () => {
    expect(refusalOf(image(), DOCKER_IMAGE_MANIFEST)).toContain(`'${DOCKER_IMAGE_MANIFEST}'`);
    refusalOf(image(), OCI_IMAGE_INDEX);
    refusalOf(without(image(), 'mediaType'), OCI_IMAGE_INDEX);
    refusalOf(without(index(), 'mediaType'), OCI_IMAGE_MANIFEST);
  });

  test('when it is written in UTF-16', () => {
    expect(() => parseManifest(Buffer.from(JSON.stringify(image()), 'utf16le'))).toThrow(/Invalid JSON syntax/);
  });
});

describe("ECR's own sentence answers what is no JSON object", () => {
  test.each(['', '{', '{}', '[]', 'null', '1', '"x"', 'nonsense', '{"mediaType":1}', '{"schemaVersion":2}'])(
    '%s',
    (text) => {
      expect(refusalOf(text)).toBe(
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
      );
    },
  );
});

describe('A manifest is refused', () => {
  test.each([
    ['of schema 1', { schemaVersion: 1, name: 'x', fsLayers: [] }],
    ['of an unknown media type', image({ mediaType: 'application/json' })],
    ['of a media type that is a name in JavaScript', image({ mediaType: 'constructor' })],
    ['without schemaVersion', without(image(), 'schemaVersion')],
    ['with a schemaVersion in quotes', image({ schemaVersion: '2' })],
    ['without config', without(image(), 'config')],
    ['without layers', without(image(), 'layers')],
    ['with layers that are no list', image({ layers: {} })],
    ['with a layer that is null', image({ layers: [null] })],
    ['without manifests', without(index(), 'manifests')],
    ['with a digest that is not canonical', image({ config: config({ digest: 'sha256:ABC' }) })],
    ['with a digest that is a path', image({ config: config({ digest: 'sha256:../../x' }) })],
    ['with a digest that is a number', image({ config: config({ digest: 7 }) })],
    ['with a descriptor without size', image({ config: without(config(), 'size') })],
    ['with a negative size', image({ config: config({ size: -1 }) })],
    ['with half a byte', image({ config: config({ size: 0.5 }) })],
    ['with a size in quotes', image({ config: config({ size: '10' }) })],
    ['with a size that rounds', JSON.stringify(image()).replace('"size":10', '"size":9007199254740993')],
    ['with a size that overflows', JSON.stringify(image()).replace('"size":10', '"size":1e400')],
    ['with a descriptor without media type', image({ config: without(config(), 'mediaType') })],
    ['with an empty media type', image({ config: config({ mediaType: '' }) })],
    ['with two sizes for one layer', image({ layers: [descriptor('1'), descriptor('1', { size: 11 })] })],
    ['with two sizes for one child', index({ manifests: [descriptor('a'), descriptor('a', { size: 11 })] })],
    ['with annotations that are no strings', image({ annotations: { a: 1 } })],
    ['with a subject that is no descriptor', image({ subject: digest('x') })],
    ['with 10,001 layers', image({ layers: Array.from({ length: 10_001 }, (_, at) => descriptor(`${at}`)) })],
    ['nested without end', `{"a":${'['.repeat(100_000)}`],
  ])('%s', (_, document) => {
    refusalOf(document);
  });

  test.each([
    ['a part that is missing', without(image(), 'config')],
    ['a part of another type', image({ layers: 'none' })],
    ['a descriptor that is none', image({ layers: [{}] })],
  ])('for %s in no other words than ECR has', (_, document) => {
    expect(refusalOf(document)).toBe(
      "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
    );
  });

  test('in a sentence that is short, whatever was sent', () => {
    expect(refusalOf(image({ mediaType: 'x'.repeat(100_000) })).length).toBeLessThan(1000);
    expect(refusalOf(image({ layers: Array.from({ length: 5000 }, () => ({})) })).length).toBeLessThan(1000);
  });
});

test.each([
  ['config', image({ config: config({ mediaType: 'a\u0000' }) })],
  ['layer', image({ layers: [descriptor('1', { mediaType: 'a\nb' })] })],
  ['artifact', image({ artifactType: '\u0000' })],
  ['child', index({ manifests: [descriptor('child', { mediaType: '\u007f' })] })],
  ['subject', image({ subject: descriptor('subject', { mediaType: '' }) })],
])('A manifest is refused whose %s is of a type that is no media type', (_, document) => {
  expect(refusalOf(document)).toContain('Invalid JSON syntax');
});

test('An empty artifact type is none', () => {
  expect(parseManifest(bytesOf(image({ artifactType: '' }))).artifactType).toBe(CONFIG_TYPE);
});

test('Whatever bytes arrive, the answer is a manifest or the fault InvalidManifest', () => {
  const member = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant(config()), fc.constant([descriptor('1')]));
  const document = fc.record(
    {
      schemaVersion: fc.oneof(fc.constant(2), fc.jsonValue({ maxDepth: 1 })),
      mediaType: fc.oneof(
        fc.constantFrom(OCI_IMAGE_MANIFEST, OCI_IMAGE_INDEX, 'toString'),
        fc.jsonValue({ maxDepth: 1 }),
      ),
      config: member,
      layers: member,
      manifests: member,
      subject: member,
      annotations: member,
      artifactType: member,
    },
    { requiredKeys: [] },
  );
  const bytes = fc.oneof(document.map(bytesOf), fc.uint8Array({ maxLength: 64 }));
  fc.assert(
    fc.property(
      bytes,
      fc.option(fc.constantFrom(OCI_IMAGE_MANIFEST, OCI_IMAGE_INDEX, '*/*'), { nil: undefined }),
      (sent, declared) => {
        try {
          const manifest = parseManifest(sent, declared);
          expect(isManifestMediaType(manifest.mediaType)).toBe(true);
          expect(manifest.blobs.length === 0 || manifest.children.length === 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect((error as Fault).code).toBe('InvalidManifest');
        }
      },
    ),
    { numRuns: 1000 },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeJson } from '../../../src/aws/json/write-json.ts';

const HEX = '0123456789abcdef'.repeat(4);
const DIGEST = `sha256:${HEX}`;

describe('the bodies on record', () => {
  it('are written byte for byte: the two samples of the BatchDeleteImage reference have 138 and 248 bytes', () => {
    const byTag = writeJson({ imageIds: [{ imageTag: 'xenial', imageDigest: DIGEST }], failures: [] });
    expect(byTag).toBe(`{"failures":[],"imageIds":[{"imageDigest":"${DIGEST}","imageTag":"xenial"}]}`);
    expect(Buffer.byteLength(byTag)).toBe(138);

    const byDigest = writeJson({
      imageIds: [
        { imageTag: 'xenial', imageDigest: DIGEST },
        { imageTag: 'latest', imageDigest: DIGEST },
      ],
      failures: [],
    });
    expect(byDigest).toBe(
      `{"failures":[],"imageIds":[{"imageDigest":"${DIGEST}","imageTag":"xenial"},{"imageDigest":"${DIGEST}","imageTag":"latest"}]}`,
    );
    expect(Buffer.byteLength(byDigest)).toBe(248);
  });

  it('are written byte for byte: failures, a scan, a layer and an upload', () => {
    expect(
      writeJson({
        imageIds: [],
        failures: [
          {
            imageId: { imageDigest: 'sha256:d25b', imageTag: undefined },
            failureCode: 'ImageReferencedByManifestList',
            failureReason: 'Requested image referenced by manifest list: [sha256:171e]',
          },
        ],
      }),
    ).toBe(
      '{"failures":[{"failureCode":"ImageReferencedByManifestList","failureReason":"Requested image referenced by manifest list: [sha256:171e]","imageId":{"imageDigest":"sha256:d25b"}}],"imageIds":[]}',
    );
    expect(
      writeJson({
        imageIds: [{ imageTag: 'http-tag', imageDigest: 'sha256:8f59' }],
        failures: [
          { imageId: { imageTag: 'absent' }, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' },
        ],
      }),
    ).toBe(
      '{"failures":[{"failureCode":"ImageNotFound","failureReason":"Requested image not found","imageId":{"imageTag":"absent"}}],"imageIds":[{"imageDigest":"sha256:8f59","imageTag":"http-tag"}]}',
    );
    expect(
      writeJson({
        repositoryName: 'R',
        registryId: 'A',
        imageScanStatus: { status: 'PENDING' },
        imageId: { imageTag: 'original', imageDigest: 'sha256:d25b' },
      }),
    ).toBe(
      '{"imageId":{"imageDigest":"sha256:d25b","imageTag":"original"},"imageScanStatus":{"status":"PENDING"},"registryId":"A","repositoryName":"R"}',
    );
    expect(
      writeJson({ layers: [{ layerDigest: 'sha256:4fec', layerAvailability: 'UNAVAILABLE' }], failures: [] }),
    ).toBe('{"failures":[],"layers":[{"layerAvailability":"UNAVAILABLE","layerDigest":"sha256:4fec"}]}');
    expect(writeJson({ uploadId: '26d021a3-145a-41b3-a474-d4dc427daaa3', partSize: 10_485_760 })).toBe(
      '{"partSize":10485760,"uploadId":"26d021a3-145a-41b3-a474-d4dc427daaa3"}',
    );
  });
});

describe('writing JSON', () => {
  it('leaves out absent and null members and keeps empty lists and objects', () => {
    expect(writeJson({ a: undefined, b: null, c: [], d: {}, e: '', f: 0, g: false })).toBe(
      '{"c":[],"d":{},"e":"","f":0,"g":false}',
    );
  });

  it('writes instants as epoch seconds with milliseconds', () => {
    expect(writeJson(new Date(1_790_434_067_663))).toBe('1790434067.663');
    expect(writeJson(new Date(1_790_434_067_660))).toBe('1790434067.66');
    expect(writeJson(new Date(1_790_434_067_000))).toBe('1790434067');
    expect(writeJson(new Date(0))).toBe('0');
  });

  it('writes every millisecond so that it can be read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (milliseconds) => {
        expect(writeJson(new Date(milliseconds))).toMatch(/^\d+(?:\.\d{1,3})?$/);
        expect(Math.round(Number(writeJson(new Date(milliseconds))) * 1000)).toBe(milliseconds);
      }),
    );
  });

  it('writes bytes as base64, of a view just the part that is seen', () => {
    expect(writeJson({ blob: new Uint8Array([1, 2, 3, 4]).subarray(1, 3) })).toBe('{"blob":"AgM="}');
  });

  it('sorts names at every level, whatever the order they were given in', () => {
    expect(writeJson([{ b: { z: 1, Y: 2, a10: 3, a2: 4 }, a: 1 }])).toBe('[{"a":1,"b":{"Y":2,"a10":3,"a2":4,"z":1}}]');
    expect(writeJson({ Message: 'no', __type: 'AccessDeniedException' })).toBe(
      '{"__type":"AccessDeniedException","Message":"no"}',
    );
  });

  it('means what was given, and is the same text however its names were ordered', () => {
    const item = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(item, fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
    })).value;
    fc.assert(
      fc.property(fc.dictionary(fc.string(), tree), (value) => {
        const text = writeJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(writeJson(Object.fromEntries(Object.entries(value).reverse()))).toBe(text);
      }),
    );
  });

  it('escapes what JSON must escape', () => {
    expect(writeJson({ 'a"\n': 'b\u0000\ud800"' })).toBe('{"a\\"\\n":"b\\u0000\\ud800\\""}');
  });

  it('writes rows of a database, which have no prototype', () => {
    expect(writeJson(Object.assign(Object.create(null), { b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
  });

  it('refuses what has no place in an answer instead of writing something that is not it', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN), 1n, () => 1, Symbol('s')]) {
      expect(() => writeJson({ value })).toThrow(TypeError);
    }
    for (const value of [new Map([['a', 1]]), new Set([1]), /a/, new Error('e')]) {
      expect(() => writeJson({ value })).toThrow(TypeError);
    }
    expect(() => writeJson([null])).toThrow('A null in a list');
    expect(() => writeJson([undefined])).toThrow(TypeError);
    expect(() => writeJson(new Array(2))).toThrow(TypeError);
  });
});

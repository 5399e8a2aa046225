import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { contentsOf, refusal, type S3Answer, xmlAnswer } from './s3-answer.ts';
import type { Operation, S3Call } from './s3-call.ts';

const LEAST_PART = 5 * 1024 * 1024;

interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly modified: Date;
  readonly headers: Readonly<Record<string, string>>;
}

interface Gathering {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiated: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>;
}

/** As much of S3 as Berth uses, in memory, telling the truth. */
export class HonestS3 {
  /** Of each bucket, by key. */
  readonly buckets = new Map<string, Map<string, StoredObject>>();
  readonly gatherings = new Map<string, Gathering>();
  /** Objects that it does not delete. */
  readonly held = new Set<string>();
  /** How many entries a page of a listing has. */
  page = 1000;
  #ids = 0;

  answer(call: S3Call): S3Answer {
    if (call.operation === 'CreateBucket') {
      this.buckets.set(call.bucket, new Map());
      return { status: 200 };
    }
    const objects = this.buckets.get(call.bucket);
    if (!objects) return refusal(404, 'NoSuchBucket');
    const answer = ANSWERS[call.operation];
    return answer ? answer(this, objects, call) : refusal(501, 'NotImplemented');
  }

  bytesStored(): number {
    const objects = [...this.buckets.values()].flatMap((bucket) => [...bucket.values()]);
    const parts = [...this.gatherings.values()].flatMap(({ parts }) => [...parts.values()]);
    return [...objects, ...parts].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  }

  nextId(): string {
    return `gathering-${++this.#ids}`;
  }
}

type Answers = (s3: HonestS3, objects: Map<string, StoredObject>, call: S3Call) => S3Answer;

const ANSWERS: { readonly [Name in Operation]?: Answers } = {
  PutObject: (_, objects, { key, body, headers }) => {
    if (headers['if-none-match'] === '*' && objects.has(key)) return refusal(412, 'PreconditionFailed');
    const sum = checksumOf(headers, body);
    if (sum === undefined) return refusal(400, 'BadDigest');
    const object = {
      bytes: body,
      etag: etagOf(body),
      modified: new Date(),
      headers: { ...encryptionIn(headers), ...sum },
    };
    objects.set(key, object);
    return { status: 200, headers: { ETag: object.etag } };
  },
  GetObject: (_, objects, { key, headers, query }) => {
    const object = objects.get(key);
    if (!object) return refusal(404, 'NoSuchKey');
    const said = describe(object, query);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (first === undefined || last === undefined) {
      const sum = headers['x-amz-checksum-mode'] === 'ENABLED' ? object.headers : {};
      return { status: 200, headers: { ...said, ...sum }, body: object.bytes };
    }
    const size = object.bytes.byteLength;
    if (Number(first) >= size) return refusal(416, 'InvalidRange');
    const body = object.bytes.subarray(Number(first), Number(last) + 1);
    const range = `bytes ${first}-${Number(first) + body.byteLength - 1}/${size}`;
    return { status: 206, headers: { ...said, 'Content-Range': range }, body };
  },
  HeadObject: (_, objects, { key, query }) => {
    const object = objects.get(key);
    if (!object) return { status: 404 };
    return { status: 200, headers: { ...describe(object, query), 'Content-Length': String(object.bytes.byteLength) } };
  },
  DeleteObject: (_, objects, { key }) => {
    objects.delete(key);
    return { status: 204 };
  },
  DeleteObjects: (s3, objects, { body }) => {
    const keys = contentsOf(body.toString(), 'Key');
    if (keys.length > 1000) return refusal(400, 'MalformedXML');
    const gone = keys.filter((key) => !s3.held.has(key));
    for (const key of gone) objects.delete(key);
    const refused = keys.filter((key) => s3.held.has(key));
    return xmlAnswer('DeleteResult', {
      Deleted: gone.map((Key) => ({ Key })),
      Error: refused.map((Key) => ({ Key, Code: 'AccessDenied', Message: 'Held' })),
    });
  },
  ListObjectsV2: (s3, objects, { query }) => {
    const [prefix, after] = [query.get('prefix') ?? '', query.get('continuation-token') ?? ''];
    const limit = Math.min(s3.page, Number(query.get('max-keys') ?? 1000));
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const Contents = keys.slice(0, limit).map((Key) => {
      const object = objects.get(Key) as StoredObject;
      const { etag: ETag, bytes, modified } = object;
      return { Key, ETag, Size: bytes.byteLength, LastModified: modified.toISOString() };
    });
    const more = keys.length > limit;
    const next = more ? { NextContinuationToken: Contents.at(-1)?.Key ?? '' } : {};
    return xmlAnswer('ListBucketResult', { Prefix: prefix, IsTruncated: more, ...next, Contents });
  },
  CreateMultipartUpload: (s3, _, { bucket, key, headers }) => {
    const id = s3.nextId();
    const parts = new Map();
    s3.gatherings.set(id, { id, bucket, key, initiated: new Date(), headers: encryptionIn(headers), parts });
    return xmlAnswer('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: id });
  },
  UploadPart: (s3, _, { query, body, headers }) => {
    const gathering = s3.gatherings.get(query.get('uploadId') ?? '');
    if (!gathering) return refusal(404, 'NoSuchUpload');
    if (checksumOf(headers, body) === undefined) return refusal(400, 'BadDigest');
    gathering.parts.set(Number(query.get('partNumber')), { bytes: body, etag: etagOf(body) });
    return { status: 200, headers: { ETag: etagOf(body), 'x-amz-checksum-crc32': crcOf(body) } };
  },
  ListParts: (s3, _, { query }) => {
    const gathering = s3.gatherings.get(query.get('uploadId') ?? '');
    if (!gathering) return refusal(404, 'NoSuchUpload');
    const after = Number(query.get('part-number-marker') ?? 0);
    const parts = [...gathering.parts].sort(([a], [b]) => a - b).filter(([number]) => number > after);
    const shown = parts.slice(0, s3.page);
    return xmlAnswer('ListPartsResult', {
      IsTruncated: parts.length > shown.length,
      NextPartNumberMarker: shown.at(-1)?.[0] ?? after,
      Part: shown.map(([PartNumber, { bytes, etag: ETag }]) => {
        return { PartNumber, ETag, Size: bytes.byteLength, ChecksumCRC32: crcOf(bytes) };
      }),
    });
  },
  CompleteMultipartUpload: (s3, objects, { query, key, body }) => {
    const gathering = s3.gatherings.get(query.get('uploadId') ?? '');
    if (!gathering) return refusal(404, 'NoSuchUpload');
    const numbers = contentsOf(body.toString(), 'PartNumber').map(Number);
    const etags = contentsOf(body.toString(), 'ETag');
    const sums = contentsOf(body.toString(), 'ChecksumCRC32');
    const parts = numbers.map((number) => gathering.parts.get(number));
    const isOther = (part: (typeof parts)[number], at: number) =>
      !part || part.etag !== etags[at] || (sums.length > 0 && crcOf(part.bytes) !== sums[at]);
    if (parts.some(isOther)) return refusal(400, 'InvalidPart');
    const pieces = parts.map((part) => part?.bytes ?? Buffer.of());
    if (pieces.slice(0, -1).some((piece) => piece.byteLength < LEAST_PART)) return refusal(400, 'EntityTooSmall');
    const bytes = Buffer.concat(pieces);
    const etag = etagOf(bytes);
    const headers = { ...gathering.headers, 'x-amz-checksum-crc32': crcOf(bytes) };
    objects.set(key, { bytes, etag, modified: new Date(), headers });
    s3.gatherings.delete(gathering.id);
    return xmlAnswer('CompleteMultipartUploadResult', { Key: key, ETag: etag });
  },
  AbortMultipartUpload: (s3, _, { query }) =>
    s3.gatherings.delete(query.get('uploadId') ?? '') ? { status: 204 } : refusal(404, 'NoSuchUpload'),
  ListMultipartUploads: (s3, _, { bucket, query }) => {
    const [prefix, after] = [query.get('prefix') ?? '', query.get('upload-id-marker') ?? ''];
    const name = ({ key, id }: Gathering) => `${key} ${id}`;
    const all = [...s3.gatherings.values()].filter((each) => each.bucket === bucket && each.key.startsWith(prefix));
    const rest = all
      .filter((each) => after === '' || name(each) > `${query.get('key-marker')} ${after}`)
      .sort((a, b) => (name(a) < name(b) ? -1 : 1));
    const shown = rest.slice(0, s3.page);
    const last = shown.at(-1);
    const more = rest.length > shown.length && last ? { NextKeyMarker: last.key, NextUploadIdMarker: last.id } : {};
    return xmlAnswer('ListMultipartUploadsResult', {
      IsTruncated: rest.length > shown.length,
      ...more,
      Upload: shown.map(({ key: Key, id: UploadId, initiated }) => ({
        Key,
        UploadId,
        Initiated: initiated.toISOString(),
      })),
    });
  },
};

function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function describe({ etag, modified, headers }: StoredObject, query: URLSearchParams): Record<string, string> {
  const { 'x-amz-checksum-crc32': _, ...rest } = headers;
  const type = query.get('response-content-type');
  return {
    ETag: etag,
    'Last-Modified': modified.toUTCString(),
    ...rest,
    ...(type !== null && { 'Content-Type': type }),
  };
}

/** The checksum that came with the bytes, to be given back with them; nothing when they have another one. */
function checksumOf(headers: S3Call['headers'], bytes: Buffer): Record<string, string> | undefined {
  const sent = headers['x-amz-checksum-crc32'];
  if (typeof sent !== 'string') return {};
  return crcOf(bytes) === sent ? { 'x-amz-checksum-crc32': sent } : undefined;
}

function crcOf(bytes: Buffer): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

function encryptionIn(headers: S3Call['headers']): Record<string, string> {
  const named = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption'));
  return Object.fromEntries(named.map(([name, value]) => [name, String(value)]));
}

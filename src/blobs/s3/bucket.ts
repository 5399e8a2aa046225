import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { StorageKey } from '../../model/ids.ts';
import { type ByteRange, BytesMissing } from '../blob-store.ts';
import { type Gathering, Layout } from './layout.ts';
import { isNoSuchKey, statusOf } from './s3-error.ts';

/** How the store encrypts what it keeps: with its own key, or with one of a key service. */
export type Encryption =
  | { readonly kind: 'AES256' }
  | { readonly kind: 'aws:kms'; readonly kmsKey?: string | undefined };

export interface Found {
  readonly size: number;
  readonly modifiedAt: number;
}

/**
 * What tells a part from what somebody else may have written under its number: the store's own mark, and the checksum if the
 * store tells it.
 */
export interface Mark {
  readonly etag: string;
  readonly crc32: string | undefined;
}

export interface Part {
  readonly number: number;
  readonly mark: Mark;
  readonly size: number;
}

/**
 * One checksum over all bytes of an object that is made of parts, of a kind that Node reckons fast: unless asked, a store may
 * choose another one, or none that can be held against the whole.
 */
const CHECKSUM = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;

/** Bytes under way from the store, and how many the store says there are. */
export interface Answered {
  readonly body: Readable;
  readonly length: number;
}

/** One bucket below one prefix, in Berth's words. Only absence that the store has spelled out is absence; all else is an error. */
export class Bucket {
  readonly client: S3Client;
  readonly name: string;
  readonly layout: Layout;
  readonly #encryption: object;

  constructor(client: S3Client, name: string, prefix: string, encryption: Encryption | undefined) {
    this.client = client;
    this.name = name;
    this.layout = new Layout(prefix);
    this.#encryption = encryption
      ? {
          ServerSideEncryption: encryption.kind,
          ...(encryption.kind === 'aws:kms' && encryption.kmsKey !== undefined && { SSEKMSKeyId: encryption.kmsKey }),
        }
      : {};
  }

  async put(key: StorageKey, bytes: Uint8Array): Promise<void> {
    await this.client.send(new PutObjectCommand({ ...this.#at(key), ...this.#encryption, Body: bytes }));
  }

  /** @throws BytesMissing */
  async get(key: StorageKey, range?: ByteRange): Promise<Answered> {
    const part = range && { Range: `bytes=${range.first}-${range.last}` };
    let answer: GetObjectCommandOutput;
    try {
      answer = await this.client.send(new GetObjectCommand({ ...this.#at(key), ...part }));
    } catch (error) {
      throw isNoSuchKey(error) ? new BytesMissing(key) : error;
    }
    const { Body: body, ContentLength: length, ContentRange: said } = answer;
    if (!body || length === undefined)
      throw new Error(`The store answered for ${key} without saying how much there is`);
    const isOther =
      range && (length !== range.last - range.first + 1 || !said?.startsWith(`bytes ${range.first}-${range.last}/`));
    if (isOther) {
      (body as Readable).destroy();
      throw new Error(
        `The store answered for ${key} with ${said ?? 'all bytes'} instead of the range that was asked for`,
      );
    }
    return { body: body as Readable, length };
  }

  /** Nothing when the object is not there. */
  async head(key: StorageKey): Promise<Found | undefined> {
    try {
      const { ContentLength, LastModified } = await this.client.send(new HeadObjectCommand(this.#at(key)));
      if (ContentLength === undefined) throw new Error(`The store does not say how many bytes ${key} has`);
      return { size: ContentLength, modifiedAt: LastModified?.getTime() ?? 0 };
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
    // The answer has no body: it may as well be the bucket that is gone. A GET says which.
    try {
      const { body, length } = await this.get(key);
      body.destroy();
      return { size: length, modifiedAt: 0 };
    } catch (error) {
      if (error instanceof BytesMissing) return undefined;
      throw error;
    }
  }

  async gather(key: StorageKey): Promise<Gathering> {
    const { UploadId } = await this.client.send(
      new CreateMultipartUploadCommand({ ...this.#at(key), ...this.#encryption, ...CHECKSUM }),
    );
    if (UploadId === undefined) throw new Error(`The store gave no name to the parts of ${key}`);
    return { key, id: UploadId };
  }

  async putPart({ key, id }: Gathering, number: number, bytes: Uint8Array): Promise<Mark> {
    const { ETag, ChecksumCRC32 } = await this.client.send(
      new UploadPartCommand({ ...this.#at(key), UploadId: id, PartNumber: number, Body: bytes }),
    );
    if (ETag === undefined) throw new Error(`The store gave no mark to part ${number} of ${key}`);
    return { etag: ETag, crc32: ChecksumCRC32 };
  }

  /** In order of number. */
  async *parts({ key, id }: Gathering): AsyncGenerator<Part> {
    for (let marker: string | undefined, more = true; more; ) {
      const page = await this.client.send(
        new ListPartsCommand({
          ...this.#at(key),
          UploadId: id,
          ...(marker !== undefined && { PartNumberMarker: marker }),
        }),
      );
      for (const { PartNumber, ETag, Size, ChecksumCRC32 } of page.Parts ?? []) {
        if (PartNumber === undefined || ETag === undefined || Size === undefined) {
          throw new Error(`The store does not describe the parts of ${key}`);
        }
        yield { number: PartNumber, mark: { etag: ETag, crc32: ChecksumCRC32 }, size: Size };
      }
      more = page.IsTruncated === true && page.NextPartNumberMarker !== undefined;
      marker = page.NextPartNumberMarker;
    }
  }

  /**
   * Makes an object of these parts, in order, and of no others. An answer may begin as a success and end as an error: one
   * without the object's mark is none.
   */
  async finish({ key, id }: Gathering, marks: readonly Mark[]): Promise<void> {
    const Parts = marks.map(({ etag, crc32 }, at) => ({
      ETag: etag,
      PartNumber: at + 1,
      ...(crc32 !== undefined && { ChecksumCRC32: crc32 }),
    }));
    const { ChecksumType } = CHECKSUM;
    const { ETag } = await this.client.send(
      new CompleteMultipartUploadCommand({
        ...this.#at(key),
        ...{ UploadId: id, MultipartUpload: { Parts }, ChecksumType },
      }),
    );
    if (ETag === undefined) throw new Error(`The store did not say that ${key} is finished`);
  }

  async abort({ key, id }: Gathering): Promise<void> {
    await this.client.send(new AbortMultipartUploadCommand({ ...this.#at(key), UploadId: id }));
  }

  #at(key: StorageKey) {
    return { Bucket: this.name, Key: this.layout.object(key) };
  }
}

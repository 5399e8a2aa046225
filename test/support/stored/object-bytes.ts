import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { BlobStore, UploadStore } from '../../../src/blobs/blob-store.ts';
import { Layout } from '../../../src/blobs/s3/layout.ts';
import { openS3Stores, type S3Place } from '../../../src/blobs/s3/open-stores.ts';
import type { StorageKey } from '../../../src/model/ids.ts';
import type { Around, Bytes, KeptBytes } from './bytes.ts';

/** The bytes below a prefix of a bucket. */
export class ObjectBytes implements Bytes {
  protected readonly place: S3Place;
  protected readonly layout: Layout;
  protected readonly client: S3Client;
  readonly #opened: AsyncDisposable[] = [];

  /** `client` speaks to the store past Berth. */
  constructor(place: S3Place, client: S3Client) {
    this.place = place;
    this.layout = new Layout(place.prefix);
    this.client = client;
  }

  async open(around: Around): Promise<{ readonly blobs: BlobStore; readonly uploads: UploadStore }> {
    const stores = await openS3Stores(this.place, around);
    this.#opened.push(stores);
    return { blobs: withoutLinks(stores.blobs), uploads: stores.uploads };
  }

  async sizes(): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>();
    const place = { Bucket: this.place.bucket, Prefix: this.layout.root };
    for (let after: string | undefined, more = true; more; ) {
      const page = await this.client.send(new ListObjectsV2Command({ ...place, ContinuationToken: after }));
      for (const { Key = '', Size = 0 } of page.Contents ?? []) {
        if (Key !== this.layout.storeId) sizes.set(this.layout.shorten(Key), Size);
      }
      more = page.IsTruncated === true;
      after = page.NextContinuationToken;
    }
    const { Uploads = [] } = await this.client.send(new ListMultipartUploadsCommand(place));
    for (const { Key = '', UploadId = '' } of Uploads) {
      const { Parts = [] } = await this.client.send(new ListPartsCommand({ Bucket: place.Bucket, Key, UploadId }));
      sizes.set(
        `${this.layout.shorten(Key)}!${UploadId}`,
        Parts.reduce((sum, { Size = 0 }) => sum + Size, 0),
      );
    }
    return sizes;
  }

  nameOf(key: string): string {
    return this.layout.shorten(this.layout.object(key as StorageKey));
  }

  keyOf(name: string): string {
    return name.slice(name.indexOf('/') + 1);
  }

  async sizeOf(key: string): Promise<number | undefined> {
    return orNothing(async () => (await this.client.send(new HeadObjectCommand(this.#object(key)))).ContentLength ?? 0);
  }

  async read(key: string): Promise<Buffer | undefined> {
    return orNothing(async () => {
      const { Body } = await this.client.send(new GetObjectCommand(this.#object(key)));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    });
  }

  async plant(key: string, bytes: Uint8Array): Promise<void> {
    await this.client.send(new PutObjectCommand({ ...this.#object(key), Body: bytes }));
  }

  async lose(key: string): Promise<void> {
    const Objects = [{ Key: this.#object(key).Key }];
    await this.client.send(new DeleteObjectsCommand({ Bucket: this.place.bucket, Delete: { Objects } }));
  }

  /** Of what is finished. */
  async keep(): Promise<KeptBytes> {
    const kept = new Map<string, Buffer>();
    for (const name of (await this.sizes()).keys()) {
      const bytes = await this.read(this.keyOf(name));
      if (bytes) kept.set(this.keyOf(name), bytes);
    }
    return {
      putBack: async () => {
        const there = [...(await this.sizes()).keys()].map((name) => this.keyOf(name));
        for (const key of there) if (!kept.has(key)) await this.lose(key);
        for (const [key, bytes] of kept) if (!there.includes(key)) await this.plant(key, bytes);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stores of this.#opened.splice(0)) await stores[Symbol.asyncDispose]();
  }

  #object(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.place.bucket, Key: this.layout.object(key as StorageKey) };
  }
}

/** Links lead clients past whoever is tested. */
export function withoutLinks(blobs: BlobStore): BlobStore {
  return {
    open: (key, range) => blobs.open(key, range),
    erase: (names) => blobs.erase(names),
    list: () => blobs.list(),
    stat: (names, look) => blobs.stat(names, look),
  };
}

async function orNothing<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof NotFound || error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

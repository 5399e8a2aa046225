import type { S3Client } from '@aws-sdk/client-s3';
import type { BlobStore, UploadStore } from '../../../src/blobs/blob-store.ts';
import { Bucket } from '../../../src/blobs/s3/bucket.ts';
import type { S3Place } from '../../../src/blobs/s3/open-stores.ts';
import { Presigner } from '../../../src/blobs/s3/presigner.ts';
import { S3Blobs } from '../../../src/blobs/s3/s3-blobs.ts';
import { S3Uploads } from '../../../src/blobs/s3/s3-uploads.ts';
import { Sightings } from '../../../src/blobs/s3/sightings.ts';
import type { StorageKey } from '../../../src/model/ids.ts';
import type { HonestS3 } from '../s3/honest-s3.ts';
import type { Around, KeptBytes } from './bytes.ts';
import { ObjectBytes, withoutLinks } from './object-bytes.ts';

/** The same in the memory of an S3 of the tests' own, which is looked at, kept and put back in no time. */
export class RememberedBytes extends ObjectBytes {
  readonly #s3: HonestS3;
  #presigner: Promise<Presigner> | undefined;

  constructor(place: S3Place, client: S3Client, s3: HonestS3) {
    super(place, client);
    this.#s3 = s3;
  }

  /** Without the questions to the store that a process begins with. */
  override async open({ ids, clock }: Around): Promise<{ readonly blobs: BlobStore; readonly uploads: UploadStore }> {
    const bucket = new Bucket(this.client, this.place.bucket, this.place.prefix, undefined);
    const sightings = new Sightings(clock);
    this.#presigner ??= Presigner.prepare(this.client, this.place.bucket, clock);
    const blobs = withoutLinks(new S3Blobs(bucket, sightings, await this.#presigner));
    return { blobs, uploads: new S3Uploads(bucket, ids, sightings) };
  }

  override async sizes(): Promise<ReadonlyMap<string, number>> {
    const objects = [...this.#objects].map(([name, { bytes }]) => [name, bytes.byteLength] as const);
    const gathered = [...this.#s3.gatherings.values()]
      .filter(({ bucket }) => bucket === this.place.bucket)
      .map(({ key, id, parts }) => {
        const size = [...parts.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
        return [`${key}!${id}`, size] as const;
      });
    return new Map(
      [...objects, ...gathered]
        .filter(([name]) => name.startsWith(this.layout.root) && name !== this.layout.storeId)
        .map(([name, size]) => [this.layout.shorten(name), size]),
    );
  }

  override async sizeOf(key: string): Promise<number | undefined> {
    return (await this.read(key))?.byteLength;
  }

  override async read(key: string): Promise<Buffer | undefined> {
    return this.#objects.get(this.layout.object(key as StorageKey))?.bytes;
  }

  override async plant(key: string, bytes: Uint8Array, modifiedAt?: number): Promise<void> {
    await super.plant(key, bytes);
    const name = this.layout.object(key as StorageKey);
    const object = this.#objects.get(name);
    if (object && modifiedAt !== undefined) this.#objects.set(name, { ...object, modified: new Date(modifiedAt) });
  }

  /** The bucket must be all its own. */
  override async keep(): Promise<KeptBytes> {
    const objects = new Map(this.#objects);
    const gatherings = [...this.#s3.gatherings].map(
      ([id, gathering]) => [id, { ...gathering, parts: new Map(gathering.parts) }] as const,
    );
    return {
      putBack: async () => {
        this.#s3.buckets.set(this.place.bucket, new Map(objects));
        for (const [id, { bucket }] of this.#s3.gatherings)
          if (bucket === this.place.bucket) this.#s3.gatherings.delete(id);
        for (const [id, gathering] of gatherings)
          this.#s3.gatherings.set(id, { ...gathering, parts: new Map(gathering.parts) });
      },
    };
  }

  get #objects() {
    return this.#s3.buckets.get(this.place.bucket) ?? new Map();
  }
}

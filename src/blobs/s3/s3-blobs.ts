import type { StorageKey, StoredName } from '../../model/ids.ts';
import {
  type BlobStore,
  type ByteRange,
  BytesMissing,
  type Look,
  type StoredBytes,
  type StoredFile,
} from '../blob-store.ts';
import type { BlobStream } from '../blob-stream.ts';
import type { Bucket } from './bucket.ts';
import { eraseNames } from './erase-names.ts';
import { inParallel } from './in-parallel.ts';
import { gatheringOf } from './layout.ts';
import { listStored } from './list-stored.ts';
import type { Presigner } from './presigner.ts';
import { isNoSuchUpload } from './s3-error.ts';
import { S3Stream } from './s3-stream.ts';
import type { Sightings } from './sightings.ts';

export class S3Blobs implements BlobStore {
  readonly #bucket: Bucket;
  readonly #sightings: Sightings;
  readonly #presigner: Presigner;

  constructor(bucket: Bucket, sightings: Sightings, presigner: Presigner) {
    this.#bucket = bucket;
    this.#sightings = sightings;
    this.#presigner = presigner;
  }

  async open(key: StorageKey, range?: ByteRange): Promise<BlobStream> {
    const wanted = range && range.last - range.first + 1;
    if (range?.first === 0 && wanted !== undefined && wanted > 0) {
      // As a whole, which it most often is: of a range the store gives no checksum.
      const whole = await this.#bucket.get(key);
      if (whole.length === wanted) return S3Stream.open(whole);
      whole.body.destroy();
      if (whole.length < wanted) throw new Error(`The store has ${whole.length} bytes under ${key}, not ${wanted}`);
    }
    if (wanted === undefined) return S3Stream.open(await this.#bucket.get(key));
    if (wanted > 0) return S3Stream.open(await this.#bucket.get(key, range));
    // S3 has no range without bytes.
    if (!(await this.#bucket.head(key))) throw new BytesMissing(key);
    return S3Stream.empty();
  }

  async erase(names: readonly StoredName[]): Promise<ReadonlyMap<StoredName, Error>> {
    for (const name of names) this.#sightings.forget(name as StorageKey);
    return eraseNames(this.#bucket, names);
  }

  list(): AsyncIterable<StoredFile> {
    return listStored(this.#bucket);
  }

  link(key: StorageKey, seconds: number): Promise<string> {
    return this.#presigner.linkTo(this.#bucket.layout.object(key), seconds);
  }

  async stat(
    names: readonly StoredName[],
    { recent = false }: Look = {},
  ): Promise<ReadonlyMap<StoredName, StoredBytes>> {
    const found = new Map<StoredName, StoredBytes>();
    await inParallel(names, async (name) => {
      const bytes = gatheringOf(name)
        ? await this.#statGathering(name)
        : await this.#statObject(name as StorageKey, recent);
      if (bytes) found.set(name, bytes);
    });
    return found;
  }

  async #statObject(key: StorageKey, recent: boolean): Promise<StoredBytes | undefined> {
    const seen = recent ? this.#sightings.of(key) : undefined;
    const found = seen ?? (await this.#bucket.head(key));
    if (!found) return undefined;
    if (!seen) this.#sightings.note(key, found);
    return { kind: 'blob', key, size: found.size, modifiedAt: found.modifiedAt };
  }

  async #statGathering(name: StoredName): Promise<StoredBytes | undefined> {
    const gathering = gatheringOf(name);
    if (!gathering) return undefined;
    let size = 0;
    try {
      for await (const part of this.#bucket.parts(gathering)) size += part.size;
    } catch (error) {
      if (isNoSuchUpload(error)) return undefined;
      throw error;
    }
    return { kind: 'upload', key: name, size, modifiedAt: 0 };
  }
}

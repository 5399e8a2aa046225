import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises';
import { algorithmOf, type Digest } from '../../model/digest.ts';
import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import type { StorageKey } from '../../model/ids.ts';
import {
  BytesMissing,
  DigestMismatch,
  type NamedBytes,
  UploadBusy,
  type UploadPosition,
  type UploadStore,
} from '../blob-store.ts';
import { errorCode, isOutOfSpace } from './error-code.ts';
import { ForceAsItComes } from './force-as-it-comes.ts';
import { GatheringWriter } from './gathering-writer.ts';
import type { Layout } from './layout.ts';
import { freshHash, hashFile, type RunningHash } from './running-hash.ts';
import { NO_SURROUNDINGS, type Surroundings } from './surroundings.ts';
import { FolderNotDurable, makeFolder, syncFolder } from './sync-folder.ts';

/** Uploads whose hash is kept; those beyond are read again when they are completed. */
const HASHES_KEPT = 1024;
/** After so many bytes of an upload the room on the disk is looked at again. */
const STRIDE = 1024 * 1024;
const { O_CREAT, O_RDWR, O_NOFOLLOW } = constants;

/**
 * An upload is one file from its first byte to its last, under its key, so a position needs no state: the file has at least the
 * bytes of every position that counts. One writer a key at a time, of the one process that has the folder.
 *
 * Bytes for which there is no room are refused with the fault `StorageFull`, before they arrive wherever that can be told.
 */
export class FileSystemUploads implements UploadStore {
  readonly #layout: Layout;
  readonly #surroundings: Surroundings;
  readonly #busy = new Set<StorageKey>();
  readonly #hashes = new Map<StorageKey, RunningHash>();
  /** Folders of blobs whose own names are durable, as far as this process has made sure. */
  readonly #shards = new Map<string, Promise<void>>();

  constructor(layout: Layout, surroundings = NO_SURROUNDINGS) {
    this.#layout = layout;
    this.#surroundings = surroundings;
  }

  async append({ key, length: offset }: UploadPosition, bytes: AsyncIterable<Uint8Array>): Promise<UploadPosition> {
    await this.#surroundings.room.admit();
    return this.#withFile(key, offset, async (file, size) => {
      if (size > offset) await file.truncate(offset);
      const known = offset === 0 ? freshHash() : this.#hashes.get(key);
      // A copy: bytes that arrive before the sender breaks off must not count.
      const hash = known?.length === offset ? known.hash.copy() : undefined;
      const force = new ForceAsItComes(file, offset);
      const writer = new GatheringWriter(file, offset, (position) => force.writtenTo(position));
      let length = offset;
      try {
        for await (const chunk of this.#whileThereIsRoom(bytes)) {
          hash?.update(chunk);
          length += chunk.byteLength;
          await writer.add(chunk);
        }
        await writer.flush();
        await force.ended();
      } catch (error) {
        await writer.stopped();
        await force.ended().catch(() => unlink(this.#layout.upload(key)));
        // What is refused is nothing to anybody, and its space may be what others are waiting for.
        await file.truncate(offset);
        throw error;
      }
      this.#hashes.delete(key);
      if (hash) this.#keep(key, { hash, length });
      return { key, length, state: undefined };
    });
  }

  async truncate(_from: UploadPosition, { key, length }: UploadPosition): Promise<void> {
    await this.#withFile(key, length, (file) => file.truncate(length));
  }

  async *#whileThereIsRoom(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { room } = this.#surroundings;
    let sinceLook = STRIDE;
    for await (const chunk of bytes) {
      sinceLook += chunk.byteLength;
      if (sinceLook > STRIDE) {
        room.look();
        sinceLook = 0;
      }
      if (room.isShort) throw new Fault('StorageFull', {});
      yield chunk;
    }
  }

  async commit({ key, length: size }: UploadPosition, digest: Digest): Promise<StorageKey> {
    await this.#withFile(key, size, async (file, there) => {
      if (there > size) await file.truncate(size);
      if ((await this.#digestOf(file, key, size, digest)) !== digest) throw new DigestMismatch(key);
      await failpoint('commit.hashed');
      try {
        await file.sync();
      } catch (error) {
        // After a failed fsync the system may have dropped the bytes and call the next one a success.
        await unlink(this.#layout.upload(key));
        throw error;
      }
      await failpoint('commit.synced');
      await this.#moveToBlobs(key);
    });
    this.#hashes.delete(key);
    return key;
  }

  namesOf({ key, length }: UploadPosition): readonly NamedBytes[] {
    return [{ storageKey: key, size: length }];
  }

  #keep(key: StorageKey, running: RunningHash): void {
    this.#hashes.set(key, running);
    const [oldest] = this.#hashes.keys();
    if (this.#hashes.size > HASHES_KEPT && oldest !== undefined) this.#hashes.delete(oldest);
  }

  async #digestOf(file: FileHandle, key: StorageKey, size: number, wanted: Digest): Promise<string> {
    const known = size === 0 ? freshHash() : this.#hashes.get(key);
    if (known?.length === size && algorithmOf(wanted) === 'sha256') return `sha256:${known.hash.copy().digest('hex')}`;
    return hashFile(file, size, wanted);
  }

  async #moveToBlobs(key: StorageKey): Promise<void> {
    const shard = this.#layout.shard(key);
    await this.#makeShard(shard);
    try {
      await rename(this.#layout.upload(key), this.#layout.blob(key));
    } catch (error) {
      // The folder is there, so it is the upload that is gone: erased since its file was opened.
      throw errorCode(error) === 'ENOENT' ? new BytesMissing(key) : error;
    }
    await failpoint('commit.renamed');
    await syncFolder(shard);
    await failpoint('commit.durable');
  }

  /** Everybody who needs the folder waits until its name is durable, not only the one who creates it. */
  async #makeShard(shard: string): Promise<void> {
    const made = this.#shards.get(shard) ?? makeFolder(shard);
    this.#shards.set(shard, made);
    try {
      await made;
    } catch (error) {
      this.#shards.delete(shard);
      throw error;
    }
  }

  /**
   * Holds the upload's file, which must have `length` bytes, and hands on how many it has. Only one of which nothing is expected may be created, and not
   * for a key that has become a blob: that blob would be replaced.
   *
   * @throws Fault `StorageFull` when the system refuses what `work` writes for want of space
   */
  async #withFile<T>(
    key: StorageKey,
    length: number,
    work: (file: FileHandle, size: number) => Promise<T>,
  ): Promise<T> {
    if (this.#busy.has(key)) throw new UploadBusy(key);
    this.#busy.add(key);
    try {
      if (length === 0 && (await exists(this.#layout.blob(key)))) throw new BytesMissing(key);
      await using file = await this.#openFile(key, length === 0 ? O_CREAT : 0);
      const { size } = await file.stat();
      if (size < length) throw new BytesMissing(key);
      return await work(file, size);
    } catch (error) {
      if (error instanceof FolderNotDurable) this.#surroundings.onFatal(error);
      if (!isOutOfSpace(error)) throw error;
      this.#surroundings.room.ranOut();
      throw new Fault('StorageFull', {});
    } finally {
      this.#busy.delete(key);
    }
  }

  async #openFile(key: StorageKey, create: number): Promise<FileHandle> {
    try {
      return await open(this.#layout.upload(key), create | O_RDWR | O_NOFOLLOW, 0o600);
    } catch (error) {
      throw errorCode(error) === 'ENOENT' ? new BytesMissing(key) : error;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

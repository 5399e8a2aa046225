import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodeTime } from 'ulid';
import { MANIFEST_TYPE } from '../images.ts';
import { CONFIG_TYPE, type ImageFamily, LAYER_TYPE, type LayeredImage } from './image.ts';
import { range, repositoryName, type SizePlan } from './plan.ts';
import { bytesOf } from './traffic.ts';

export interface Seeded {
  /** Of blobs on the disk: those of images that are pulled or whose space is watched. All others have rows only. */
  readonly bytesOnDisk: number;
  /** Files of `plan.space`, to see them go. */
  readonly spaceFiles: readonly string[];
}

/**
 * Writes the rows of all images of the plan into a stopped data folder, as pushing them one after the other would have:
 * pushing a million takes half a day. The repositories and the shared layers are there, by way of the server.
 * This knows Berth's schema, and is the only file of the benchmark that does.
 */
export function seed(folder: string, family: ImageFamily, plan: SizePlan): Seeded {
  const withFiles = new Set([...plan.space, ...plan.sample]);
  const space = new Set(plan.space);
  const spaceFiles: string[] = [];
  let bytesOnDisk = family.shared.reduce((sum, { bytes }) => sum + bytes.length, 0);
  using rows = new Rows(join(folder, 'berth.db'), family);
  for (const repository of range(0, plan.repositories)) {
    rows.begin(repositoryName(repository));
    for (const number of range(repository * plan.size, plan.size)) {
      const image = family.image(number);
      const keys = rows.add(image, Date.now() - (plan.repositories * plan.size - number) * 1000);
      if (!withFiles.has(number)) continue;
      bytesOnDisk += bytesOf(image);
      for (const [position, key] of keys.entries()) {
        const path = join(folder, 'blobs', key.slice(-2), key);
        write(path, image.own[position]?.bytes ?? Buffer.alloc(0));
        if (space.has(number)) spaceFiles.push(path);
      }
    }
    rows.end();
  }
  return { bytesOnDisk, spaceFiles };
}

/** One repository after the other: `begin`, `add` for each image, `end`. */
class Rows implements Disposable {
  readonly #database: DatabaseSync;
  readonly #sharedIds: readonly number[];
  readonly #sharedBytes: number;
  readonly #insertBlob;
  readonly #insertManifest;
  readonly #insertImage;
  readonly #insertDigest;
  readonly #insertTag;
  #repositoryId = 0;
  #blobsBefore = 0;
  #manifestsBefore = 0;
  #blobs: number;
  #manifests: number;
  readonly #ownBlobs: number;

  constructor(path: string, family: ImageFamily) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA cache_size = -6000000; PRAGMA foreign_keys = OFF; BEGIN`);
    this.#sharedIds = family.shared.map(({ digest }) => this.#number('SELECT id FROM blob WHERE digest = ?', digest));
    this.#sharedBytes = family.shared.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#ownBlobs = family.image(0).own.length;
    this.#blobs = this.#number('SELECT coalesce(max(id), 0) FROM blob');
    this.#manifests = this.#number('SELECT coalesce(max(id), 0) FROM manifest');
    this.#insertBlob = this.#database.prepare(
      'INSERT INTO blob (id, digest, size, storage_key, created_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.#insertManifest = this.#database.prepare(`
      INSERT INTO manifest (id, repository_id, digest, media_type, image_size, config_media_type, artifact_type,
        subject_digest, annotations, bytes)
      VALUES (?, ?, ?, '${MANIFEST_TYPE}', ?, '${CONFIG_TYPE}', '${CONFIG_TYPE}', NULL, NULL, ?)`);
    this.#insertImage = this.#database.prepare(`
      INSERT INTO image (repository_id, manifest_id, digest, tags, blob_bytes, pushed_at)
      VALUES (?, ?, ?, json_array(?), ?, ?)`);
    this.#insertDigest = this.#database.prepare(
      'INSERT INTO digest (repository_id, digest, manifest_id) VALUES (?, ?, ?)',
    );
    this.#insertTag = this.#database.prepare(
      'INSERT INTO tag (repository_id, name, manifest_id, tagged_at) VALUES (?, ?, ?, ?)',
    );
  }

  begin(repository: string): void {
    this.#repositoryId = this.#number('SELECT id FROM repository WHERE name = ?', repository);
    this.#blobsBefore = this.#blobs;
    this.#manifestsBefore = this.#manifests;
  }

  /** Answers the storage keys of the image's own blobs. */
  add(image: LayeredImage, pushedAt: number): string[] {
    const size = this.#sharedBytes + bytesOf(image);
    const id = ++this.#manifests;
    this.#insertManifest.run(id, this.#repositoryId, image.digest, size, image.manifest);
    this.#insertImage.run(this.#repositoryId, id, image.digest, image.tag, size, pushedAt);
    this.#insertDigest.run(this.#repositoryId, image.digest, id);
    this.#insertTag.run(this.#repositoryId, image.tag, id, pushedAt);
    return image.own.map(({ digest, bytes }) => {
      const key = storageKey(pushedAt);
      this.#insertBlob.run(++this.#blobs, digest, bytes.length, key, pushedAt);
      return key;
    });
  }

  /** What names what follows from the order of ids: an image's own blobs are consecutive, its config first. */
  end(): void {
    const blobs = [this.#blobsBefore + 1, this.#blobs] as const;
    const manifests = [this.#manifestsBefore + 1, this.#manifests] as const;
    this.#database
      .prepare(`
        INSERT INTO repository_blob (repository_id, blob_id, registry_id, size, refs, holds, keep_until, media_type)
        SELECT ?, id, (SELECT min(id) FROM registry), size, 1, 0, 0, iif((id - CAST(? AS INTEGER)) % CAST(? AS INTEGER) = 0, '${CONFIG_TYPE}', '${LAYER_TYPE}') FROM blob WHERE id BETWEEN ? AND ?`)
      .run(this.#repositoryId, blobs[0], this.#ownBlobs, ...blobs);
    this.#database
      .prepare(`
        INSERT INTO manifest_blob (manifest_id, blob_id, repository_id)
        SELECT CAST(? AS INTEGER) + (id - CAST(? AS INTEGER)) / CAST(? AS INTEGER), id, ? FROM blob WHERE id BETWEEN ? AND ?`)
      .run(manifests[0], blobs[0], this.#ownBlobs, this.#repositoryId, ...blobs);
    for (const shared of this.#sharedIds) {
      this.#database
        .prepare(`
          INSERT INTO manifest_blob (manifest_id, blob_id, repository_id)
          SELECT id, ?, repository_id FROM manifest WHERE id BETWEEN ? AND ?`)
        .run(shared, ...manifests);
      this.#database
        .prepare('UPDATE repository_blob SET refs = refs + ? WHERE repository_id = ? AND blob_id = ?')
        .run(this.#manifests - this.#manifestsBefore, this.#repositoryId, shared);
    }
  }

  /** The counters, from what the rows say now. */
  #count(): void {
    this.#database.exec(`
      DELETE FROM usage;
      INSERT INTO usage (scope, id, images, logical_bytes, live_bytes, held_bytes, idle_bytes)
        SELECT 'repository', repository.id,
          (SELECT count(*) FROM image WHERE image.repository_id = repository.id),
          (SELECT coalesce(sum(blob_bytes), 0) FROM image WHERE image.repository_id = repository.id),
          (SELECT coalesce(sum(size), 0) FROM repository_blob AS link
            WHERE link.repository_id = repository.id AND link.refs > 0),
          0,
          (SELECT coalesce(sum(size), 0) FROM repository_blob AS link
            WHERE link.repository_id = repository.id AND link.refs = 0)
        FROM repository;
      INSERT INTO usage (scope, id, images, logical_bytes, live_bytes, held_bytes, idle_bytes)
        SELECT 'registry', (SELECT min(id) FROM registry), sum(images), sum(logical_bytes),
          (SELECT sum(size) FROM blob WHERE id IN (SELECT blob_id FROM repository_blob WHERE refs > 0)), 0,
          (SELECT coalesce(sum(size), 0) FROM blob WHERE id NOT IN (SELECT blob_id FROM repository_blob WHERE refs > 0))
        FROM usage;
      DELETE FROM store_usage WHERE kind = 'blobs';
      INSERT INTO store_usage (kind, count, bytes) SELECT 'blobs', count(*), sum(size) FROM blob;`);
  }

  [Symbol.dispose](): void {
    this.#count();
    this.#database.exec('COMMIT');
    this.#database.exec('PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL');
    this.#database.close();
  }

  #number(sql: string, ...parameters: string[]): number {
    const [value] = Object.values(this.#database.prepare(sql).get(...parameters) ?? {});
    if (typeof value !== 'number') throw new Error(`No number from ${sql} with ${parameters.join(', ')}`);
    return value;
  }
}

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const pool = { bytes: Buffer.alloc(0), used: 0 };

/** As the server makes them, from a pool of random bytes: there are millions. */
function storageKey(at: number): string {
  if (pool.used + 16 > pool.bytes.length) {
    pool.bytes = randomBytes(1 << 20);
    pool.used = 0;
  }
  let name = encodeTime(at).toLowerCase();
  for (let letter = 0; letter < 16; letter++) name += LETTERS[(pool.bytes[pool.used++] ?? 0) % 32];
  return name;
}

function write(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

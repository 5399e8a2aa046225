import { sql } from 'kysely';
import type { Image, NamedImage } from './image.ts';
import { ImageReader } from './images.ts';
import { LinkWriter } from './links.ts';
import { Missing, type MissingBlob } from './missing.ts';
import { NameWriter } from './names.ts';
import { prepare, prepareToSend } from './prepared.ts';
import { idSetOf, type Session } from './session.ts';
import { type Scope, UsageWriter } from './usage.ts';

export interface NewImage extends Omit<Image, 'id' | 'tags' | 'lastPulledAt'> {
  /** The manifest as it was pushed. */
  readonly bytes: Uint8Array;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** Of what it names, in the same repository. */
  readonly blobs: readonly { readonly id: number; readonly size: number }[];
  readonly childIds: readonly number[];
  /** What it names and its repository does not have. */
  readonly missing: { readonly blobs: readonly MissingBlob[]; readonly children: readonly string[] };
}

/** When something is deleted, and until when it may be brought back. */
export interface Deletion {
  readonly at: number;
  /** From then on it may not; the same as `at` when it may not at all. */
  readonly purgeAt: number;
  /** The blobs stay at least until then, for downloads that began before. */
  readonly keepUntil: number;
}

interface ManifestValues {
  readonly repositoryId: number;
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly imageSize: number;
  readonly configMediaType: string | null;
  readonly artifactType: string | null;
  readonly subjectDigest: string | null;
  readonly annotations: string | null;
}

const insertManifest = prepare((db, manifest: ManifestValues) =>
  db
    .insertInto('manifest')
    .values({
      repository_id: manifest.repositoryId,
      digest: manifest.digest,
      media_type: manifest.mediaType,
      bytes: manifest.bytes,
      image_size: manifest.imageSize,
      config_media_type: manifest.configMediaType,
      artifact_type: manifest.artifactType,
      subject_digest: manifest.subjectDigest,
      annotations: manifest.annotations,
    })
    .returning('id'),
);

interface ImageValues {
  readonly repositoryId: number;
  readonly id: number;
  readonly digest: string;
  readonly blobBytes: number;
  readonly pushedAt: number;
  readonly subjectDigest: string | null;
}

const insertImage = prepareToSend((db, image: ImageValues) =>
  db.insertInto('image').values({
    repository_id: image.repositoryId,
    manifest_id: image.id,
    digest: image.digest,
    tags: '[]',
    blob_bytes: image.blobBytes,
    pushed_at: image.pushedAt,
    last_pulled_at: null,
    subject_digest: image.subjectDigest,
  }),
);

type References = { readonly manifestId: number; readonly blobIds: readonly number[]; readonly repositoryId: number };

const insertReferences = prepareToSend((db, { manifestId, blobIds, repositoryId }: References, dialect) =>
  db
    .insertInto('manifest_blob')
    .columns(['manifest_id', 'blob_id', 'repository_id'])
    .expression((query) =>
      query
        .selectFrom(dialect.idRowsOf(blobIds).as('blob'))
        .select([
          sql.val(manifestId).as('manifest_id'),
          sql<number>`value`.as('blob_id'),
          sql.val(repositoryId).as('repository_id'),
        ]),
    ),
);

type Images = { readonly repositoryId: number; readonly ids: readonly number[] };

const keepDeleted = prepare((db, images: Images & { readonly at: number; readonly purgeAt: number }, dialect) =>
  db
    .insertInto('deleted_image')
    .columns([
      'manifest_id',
      'repository_id',
      'digest',
      'blob_bytes',
      'pushed_at',
      'last_pulled_at',
      'deleted_at',
      'purge_at',
      'tags',
    ])
    .expression((query) =>
      query
        .selectFrom('image')
        .select([
          'manifest_id',
          'repository_id',
          'digest',
          'blob_bytes',
          'pushed_at',
          'last_pulled_at',
          sql.val(images.at).as('deleted_at'),
          sql.val(images.purgeAt).as('purge_at'),
          'tags',
        ])
        .where('repository_id', '=', images.repositoryId)
        .where('manifest_id', 'in', idSetOf({ dialect }, images.ids)),
    )
    .returning('blob_bytes'),
);

const deleteImages = prepareToSend((db, { repositoryId, ids }: Images, dialect) =>
  db
    .deleteFrom('image')
    .where('repository_id', '=', repositoryId)
    .where('manifest_id', 'in', idSetOf({ dialect }, ids)),
);

export class ImageWriter extends ImageReader {
  readonly #links: LinkWriter;
  readonly #missing: Missing;
  readonly #names: NameWriter;
  readonly #usage: UsageWriter;

  constructor(session: Session) {
    super(session);
    this.#links = new LinkWriter(session);
    this.#missing = new Missing(session);
    this.#names = new NameWriter(session);
    this.#usage = new UsageWriter(session);
  }

  /** Answers the new image's id. The caller has looked: a digest that the repository has already is an error. */
  async insert(scope: Scope, image: NewImage): Promise<number> {
    const { repositoryId } = scope;
    const { digest, pushedAt, subjectDigest = null } = image;
    const [manifest] = await insertManifest(this.session, {
      repositoryId,
      digest,
      subjectDigest,
      mediaType: image.mediaType,
      bytes: image.bytes,
      imageSize: image.imageSize,
      configMediaType: image.configMediaType ?? null,
      artifactType: image.artifactType ?? null,
      annotations: image.annotations ? JSON.stringify(image.annotations) : null,
    });
    if (manifest === undefined) throw new Error(`The manifest ${digest} was inserted and has no id`);
    const { id } = manifest;
    const blobBytes = image.blobs.reduce((sum, blob) => sum + blob.size, 0);
    await insertImage(this.session, { repositoryId, id, digest, blobBytes, pushedAt, subjectDigest });
    await this.#names.put(scope.repositoryId, [id]);
    await this.#insertReferences(scope, id, image);
    const moves = image.blobs.length > 0 ? await this.#links.name(scope, [id]) : [];
    await this.#usage.add(scope, { images: 1, logicalBytes: blobBytes }, moves);
    await this.#missing.note(scope.repositoryId, id, image.missing);
    await this.makeUp(scope, [id]);
    return id;
  }

  /** Lets indexes list these images that were pushed without them. The images are live. */
  async makeUp(scope: Scope, manifestIds: readonly number[]): Promise<void> {
    await this.#missing.adopt(scope.repositoryId, manifestIds);
  }

  /**
   * Deletes images with their tags: from now on they answer as deleted. Their manifests and references stay until they are
   * purged. Names that lead to them do, too, unless the images may be restored: then names would lead nowhere for as long.
   * The caller has looked: they are live, and of this repository.
   */
  async delete(scope: Scope, images: readonly NamedImage[], { at, purgeAt, keepUntil }: Deletion): Promise<void> {
    if (images.length === 0) return;
    const { repositoryId } = scope;
    const ids = images.map((image) => image.id);
    const hold = purgeAt > at;
    const moves = await this.#links.release(scope, ids, { hold, keepUntil });
    const gone = await keepDeleted(this.session, { repositoryId, ids, at, purgeAt });
    await deleteImages(this.session, { repositoryId, ids });
    if (hold) await this.#names.forget(repositoryId, ids);
    const logicalBytes = gone.reduce((sum, image) => sum + image.blob_bytes, 0);
    await this.#usage.add(scope, { images: -gone.length, logicalBytes: -logicalBytes }, moves);
  }

  /**
   * Notes that these images were pulled at `at`. Images that are gone by now are passed over, and so are those that somebody
   * else is changing: the answer is which those are.
   */
  async recordPulls(manifestIds: readonly number[], at: number): Promise<number[]> {
    const { db, dialect } = this.session;
    const pulled = await db
      .selectFrom(dialect.idRowsOf(manifestIds).as('wanted'))
      .crossJoin('manifest')
      .crossJoin('image')
      .whereRef('manifest.id', '=', sql<number>`wanted.value`)
      .whereRef('image.repository_id', '=', 'manifest.repository_id')
      .whereRef('image.manifest_id', '=', 'manifest.id')
      .select(['image.repository_id', 'image.manifest_id'])
      .execute();
    const keys = JSON.stringify(pulled);
    const rows = dialect.recordsIn(keys, { repository_id: 'number', manifest_id: 'number' });
    const taken = await sql<{ manifest_id: number }>`
      WITH taken AS (
        SELECT image.repository_id, image.manifest_id FROM ${rows} AS pulled CROSS JOIN image
        WHERE image.repository_id = pulled.repository_id AND image.manifest_id = pulled.manifest_id
        ${dialect.taking('image')})
      UPDATE image SET last_pulled_at = ${at}
      WHERE (repository_id, manifest_id) IN (SELECT repository_id, manifest_id FROM taken)
      RETURNING manifest_id`.execute(db);
    const done = new Set(taken.rows.map((row) => row.manifest_id));
    return pulled.map((row) => row.manifest_id).filter((id) => !done.has(id));
  }

  /** Records what the manifest names. The database refuses to let go of a blob or a child while this stands. */
  async #insertReferences(scope: Scope, manifestId: number, { blobs, childIds }: NewImage): Promise<void> {
    const { db, dialect } = this.session;
    if (blobs.length > 0) {
      const blobIds = blobs.map((blob) => blob.id);
      await insertReferences(this.session, { manifestId, blobIds, repositoryId: scope.repositoryId });
    }
    if (childIds.length > 0) {
      await db
        .insertInto('manifest_child')
        .columns(['parent_id', 'child_id'])
        .expression((query) =>
          query
            .selectFrom(dialect.idRowsOf(childIds).as('child'))
            .select([sql.val(manifestId).as('parent_id'), sql<number>`value`.as('child_id')]),
        )
        .execute();
    }
  }
}

import { sql } from 'kysely';
import { ImageReader, type ImageWithManifest } from './images.ts';
import { setOf } from './session.ts';

export interface NewImage extends Omit<ImageWithManifest, 'id' | 'lastPulledAt'> {
  readonly repositoryId: number;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

export class ImageWriter extends ImageReader {
  /** Answers the new image's id. The caller has looked: a digest that the repository has already is an error. */
  async insert(image: NewImage): Promise<number> {
    const { id } = await this.session.db
      .insertInto('manifest')
      .values({
        repository_id: image.repositoryId,
        digest: image.digest,
        media_type: image.mediaType,
        bytes: image.bytes,
        image_size: image.imageSize,
        config_media_type: image.configMediaType ?? null,
        artifact_type: image.artifactType ?? null,
        subject_digest: image.subjectDigest ?? null,
        annotations: image.annotations ? JSON.stringify(image.annotations) : null,
        pushed_at: image.pushedAt,
        last_pulled_at: null,
        tagged: 0,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  }

  /** Records what the manifest names. The database refuses to let go of a blob or a child while this stands. */
  async insertReferences(references: {
    readonly repositoryId: number;
    readonly manifestId: number;
    readonly blobIds: readonly number[];
    readonly childIds: readonly number[];
  }): Promise<void> {
    const { db, dialect } = this.session;
    const { repositoryId, manifestId, blobIds, childIds } = references;
    if (blobIds.length > 0) {
      await db
        .insertInto('manifest_blob')
        .columns(['manifest_id', 'blob_id', 'repository_id'])
        .expression((query) =>
          query
            .selectFrom(dialect.rowsOf(blobIds).as('blob'))
            .select([
              sql.val(manifestId).as('manifest_id'),
              sql<number>`value`.as('blob_id'),
              sql.val(repositoryId).as('repository_id'),
            ]),
        )
        .execute();
    }
    if (childIds.length > 0) {
      await db
        .insertInto('manifest_child')
        .columns(['parent_id', 'child_id'])
        .expression((query) =>
          query
            .selectFrom(dialect.rowsOf(childIds).as('child'))
            .select([sql.val(manifestId).as('parent_id'), sql<number>`value`.as('child_id')]),
        )
        .execute();
    }
  }

  /** Removes images with their tags and references. What their blobs were must have been handed to collection before. */
  async delete(manifestIds: readonly number[]): Promise<void> {
    if (manifestIds.length === 0) return;
    const { db } = this.session;
    await db.deleteFrom('manifest').where('id', 'in', setOf(this.session, manifestIds)).execute();
  }

  /** Removes every image of a repository; indexes let go of their children first, so the order among images is no matter. */
  async deleteAll(repositoryId: number): Promise<void> {
    const { db } = this.session;
    await db
      .deleteFrom('manifest_child')
      .where('parent_id', 'in', (query) =>
        query.selectFrom('manifest').select('id').where('repository_id', '=', repositoryId),
      )
      .execute();
    await db.deleteFrom('manifest').where('repository_id', '=', repositoryId).execute();
  }

  /** Notes that these images were pulled at `at`. Images that are gone by now are passed over. */
  async recordPulls(manifestIds: readonly number[], at: number): Promise<void> {
    const { db } = this.session;
    await db
      .updateTable('manifest')
      .set({ last_pulled_at: at })
      .where('id', 'in', setOf(this.session, manifestIds))
      .execute();
  }
}

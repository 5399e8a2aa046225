import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import type { Reference } from '../model/reference.ts';
import { IMAGE_COLUMNS, type Image, toImage } from './image.ts';
import { ImageListings } from './image-listings.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';

/** An image with the manifest's bytes as they were pushed. */
export interface ImageWithManifest extends Image {
  readonly bytes: Uint8Array;
}

/** A manifest as it was pushed. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

const findByTag = prepare((db, { repositoryId, name }: { readonly repositoryId: number; readonly name: string }) =>
  named(
    db,
    db
      .selectFrom('tag')
      .select(['repository_id', 'manifest_id'])
      .where('repository_id', '=', repositoryId)
      .where('name', '=', name),
  ),
);

const findByDigest = prepare(
  (db, { repositoryId, digest }: { readonly repositoryId: number; readonly digest: string }) =>
    named(
      db,
      db
        .selectFrom('digest')
        .select(['repository_id', 'manifest_id'])
        .where('repository_id', '=', repositoryId)
        .where('digest', '=', digest),
    ),
);

type Name = { readonly repository_id: number; readonly manifest_id: number };

function named(db: Kysely<Schema>, names: SelectQueryBuilder<Schema, 'tag' | 'digest', Name>) {
  return db
    .selectFrom(names.as('name'))
    .crossJoin('image')
    .crossJoin('manifest')
    .whereRef('image.repository_id', '=', 'name.repository_id')
    .whereRef('image.manifest_id', '=', 'name.manifest_id')
    .whereRef('manifest.id', '=', 'image.manifest_id')
    .select([...IMAGE_COLUMNS, 'manifest.bytes']);
}

const findParents = prepare((db, { manifestIds }: { readonly manifestIds: readonly number[] }, dialect) =>
  db
    .selectFrom(dialect.idRowsOf(manifestIds).as('wanted'))
    .crossJoin('manifest_child')
    .crossJoin('manifest as parent')
    .crossJoin('image')
    .whereRef('manifest_child.child_id', '=', sql<number>`wanted.value`)
    .whereRef('parent.id', '=', 'manifest_child.parent_id')
    .whereRef('image.repository_id', '=', 'parent.repository_id')
    .whereRef('image.manifest_id', '=', 'parent.id')
    .select(['manifest_child.child_id as childId', 'parent.digest'])
    .orderBy('parent.digest'),
);

export class ImageReader extends ImageListings {
  async find(repositoryId: number, reference: Reference): Promise<ImageWithManifest | undefined> {
    const [row] =
      reference.digest === undefined
        ? await findByTag(this.session, { repositoryId, name: reference.tag })
        : await findByDigest(this.session, { repositoryId, digest: reference.digest });
    return row && { ...toImage(row), bytes: row.bytes };
  }

  /** The manifests of these images, by image. One statement, however many. */
  async manifestsOf(manifestIds: readonly number[]): Promise<Map<number, StoredManifest>> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.idRowsOf(manifestIds).as('wanted'))
      .crossJoin('manifest')
      .whereRef('manifest.id', '=', sql<number>`wanted.value`)
      .select(['manifest.id', 'manifest.media_type as mediaType', 'manifest.bytes'])
      .execute();
    return new Map(rows.map(({ id, mediaType, bytes }) => [id, { mediaType, bytes }]));
  }

  /** For each of these images that a live index lists, the digests of those indexes, in order. One statement, however many. */
  async parentsOf(manifestIds: readonly number[]): Promise<Map<number, string[]>> {
    const rows = await findParents(this.session, { manifestIds });
    const parents = new Map<number, string[]>();
    for (const { childId, digest } of rows) {
      const digests = parents.get(childId);
      if (digests) digests.push(digest);
      else parents.set(childId, [digest]);
    }
    return parents;
  }
}

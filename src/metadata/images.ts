import { sql } from 'kysely';
import { ImageListings } from './image-listings.ts';
import { prepare } from './prepared.ts';

/** A manifest as it was pushed. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
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

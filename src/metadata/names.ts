import { sql } from 'kysely';
import { prepare } from './prepared.ts';
import { idSetOf, type Session } from './session.ts';

const putDigests = prepare((db, { manifestIds }: { readonly manifestIds: readonly number[] }, dialect) =>
  db
    .insertInto('digest')
    .columns(['repository_id', 'digest', 'manifest_id'])
    .expression((query) =>
      query
        .selectFrom(dialect.idRowsOf(manifestIds).as('wanted'))
        .crossJoin('manifest')
        .whereRef('manifest.id', '=', sql<number>`wanted.value`)
        .select(['manifest.repository_id', 'manifest.digest', 'manifest.id']),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'digest'])
        .doUpdateSet((set) => ({ manifest_id: set.ref('excluded.manifest_id') }))
        .where(
          sql<boolean>`NOT EXISTS (SELECT 1 FROM image WHERE image.repository_id = digest.repository_id
            AND image.manifest_id = digest.manifest_id)`,
        ),
    )
    .returning('manifest_id'),
);

/** Digests and tags that lead to images. */
export class NameWriter {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Lets the digests of these manifests lead to them. The caller has looked: no live image of the repository has them. */
  async put(repositoryId: number, manifestIds: readonly number[]): Promise<void> {
    const led = await putDigests(this.#session, { manifestIds });
    if (led.length === manifestIds.length) return;
    throw new Error(`The repository ${repositoryId} has an image already with a digest of ${manifestIds.join(', ')}`);
  }

  /** Forgets what leads to these deleted images. */
  async forget(repositoryId: number, manifestIds: readonly number[]): Promise<void> {
    const { db, dialect } = this.#session;
    const ids = idSetOf(this.#session, manifestIds);
    const deleted = db
      .selectFrom(dialect.idRowsOf(manifestIds).as('wanted'))
      .crossJoin('deleted_image')
      .whereRef('deleted_image.manifest_id', '=', sql<number>`wanted.value`);
    await db
      .deleteFrom('digest')
      .where('repository_id', '=', repositoryId)
      .where('digest', 'in', deleted.select('deleted_image.digest'))
      .where('manifest_id', 'in', ids)
      .execute();
    const tags = dialect.elementsOf(sql.ref('deleted_image.tags')).as('tag');
    await db
      .deleteFrom('tag')
      .where('repository_id', '=', repositoryId)
      .where('name', 'in', deleted.crossJoin(tags).select(sql<string>`tag.value`.as('name')))
      .where('manifest_id', 'in', ids)
      .execute();
  }
}

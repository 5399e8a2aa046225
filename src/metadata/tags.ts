import { sql } from 'kysely';
import { type Session, setOf } from './session.ts';

/** A tag and the image it points to. */
export interface ResolvedTag {
  readonly name: string;
  readonly manifestId: number;
  readonly digest: string;
}

export class TagReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  async find(repositoryId: number, name: string): Promise<ResolvedTag | undefined> {
    const [tag] = await this.resolve(repositoryId, [name]);
    return tag;
  }

  /** Those of the named tags that exist. One statement, however many. */
  async resolve(repositoryId: number, names: readonly string[]): Promise<ResolvedTag[]> {
    return this.session.db
      .selectFrom(this.session.dialect.rowsOf(names).as('wanted'))
      .crossJoin('tag')
      .innerJoin('manifest', 'manifest.id', 'tag.manifest_id')
      .where('tag.repository_id', '=', repositoryId)
      .whereRef('tag.name', '=', sql<string>`wanted.value`)
      .select(['tag.name', 'manifest.id as manifestId', 'manifest.digest'])
      .execute();
  }

  /** The tags of each image, in the order they were pushed. One statement, however many images. */
  async ofImages(manifestIds: readonly number[]): Promise<Map<number, string[]>> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.rowsOf(manifestIds).as('wanted'))
      .crossJoin('tag')
      .whereRef('tag.manifest_id', '=', sql<number>`wanted.value`)
      .select(['tag.manifest_id as manifestId', 'tag.name'])
      .orderBy('tag.manifest_id')
      .orderBy('tag.position')
      .execute();
    const tags = new Map<number, string[]>();
    for (const { manifestId, name } of rows) {
      const names = tags.get(manifestId);
      if (names) names.push(name);
      else tags.set(manifestId, [name]);
    }
    return tags;
  }

  async countOfImage(manifestId: number): Promise<number> {
    const row = await this.session.db
      .selectFrom('tag')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('manifest_id', '=', manifestId)
      .executeTakeFirstOrThrow();
    return row.count;
  }

  /** Tag names in order of their bytes, those after `after`. */
  async list(repositoryId: number, page: { readonly after: string; readonly limit: number }): Promise<string[]> {
    const rows = await this.session.db
      .selectFrom('tag')
      .select('name')
      .where('repository_id', '=', repositoryId)
      .where('name', '>', page.after)
      .orderBy('name')
      .limit(page.limit)
      .execute();
    return rows.map((row) => row.name);
  }
}

export class TagWriter extends TagReader {
  /** Points the tag to the image, wherever it pointed before. An image that loses its last tag stays, untagged. */
  async put(tag: {
    readonly repositoryId: number;
    readonly name: string;
    readonly manifestId: number;
    readonly taggedAt: number;
  }): Promise<void> {
    const { db } = this.session;
    const previous = await db
      .deleteFrom('tag')
      .where('repository_id', '=', tag.repositoryId)
      .where('name', '=', tag.name)
      .returning('manifest_id')
      .executeTakeFirst();
    await db
      .insertInto('tag')
      .values((value) => ({
        repository_id: tag.repositoryId,
        name: tag.name,
        manifest_id: tag.manifestId,
        position: value
          .selectFrom('tag as sibling')
          .select(sql<number>`coalesce(max(sibling.position), 0) + 1`.as('next'))
          .where('sibling.manifest_id', '=', tag.manifestId),
        tagged_at: tag.taggedAt,
      }))
      .execute();
    await this.#refreshTagged([tag.manifestId, ...(previous ? [previous.manifest_id] : [])]);
  }

  /** Removes tags whose images keep others. */
  async delete(repositoryId: number, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const { db } = this.session;
    await db
      .deleteFrom('tag')
      .where('repository_id', '=', repositoryId)
      .where('name', 'in', setOf(this.session, names))
      .execute();
  }

  async #refreshTagged(manifestIds: readonly number[]): Promise<void> {
    const { db } = this.session;
    await db
      .updateTable('manifest')
      .set({
        tagged: sql<number>`CASE WHEN EXISTS (SELECT 1 FROM tag WHERE tag.manifest_id = manifest.id) THEN 1 ELSE 0 END`,
      })
      .where('id', 'in', setOf(this.session, manifestIds))
      .execute();
  }
}

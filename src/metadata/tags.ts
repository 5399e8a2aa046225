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
      .where('tag.repository_id', '=', repositoryId)
      .whereRef('tag.name', '=', sql<string>`wanted.value`)
      .select(['tag.name', 'tag.manifest_id as manifestId', 'tag.digest'])
      .execute();
  }

  /** The tags of each image, by its digest, in the order they were pushed. One statement, however many images. */
  async ofImages(repositoryId: number, digests: readonly string[]): Promise<Map<string, string[]>> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.rowsOf(digests).as('wanted'))
      .crossJoin('tag')
      .where('tag.repository_id', '=', repositoryId)
      .whereRef('tag.digest', '=', sql<string>`wanted.value`)
      .select(['tag.digest', 'tag.name'])
      .orderBy('tag.digest')
      .orderBy('tag.position')
      .execute();
    const tags = new Map<string, string[]>();
    for (const { digest, name } of rows) {
      const names = tags.get(digest);
      if (names) names.push(name);
      else tags.set(digest, [name]);
    }
    return tags;
  }

  async countOfImage(repositoryId: number, digest: string): Promise<number> {
    const row = await this.session.db
      .selectFrom('tag')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('repository_id', '=', repositoryId)
      .where('digest', '=', digest)
      .executeTakeFirstOrThrow();
    return row.count;
  }

  /** Tags whose names begin so, in order of their bytes, those after `after`, with the digests they point to. */
  async listPrefixed(
    repositoryId: number,
    page: { readonly prefix: string; readonly after: string; readonly limit: number },
  ): Promise<{ readonly name: string; readonly digest: string }[]> {
    return (
      this.session.db
        .selectFrom('tag')
        .select(['name', 'digest'])
        .where('repository_id', '=', repositoryId)
        .where('name', '>', page.after)
        .where('name', '>=', page.prefix)
        // Tags are ASCII, so nothing that begins so comes after this.
        .where('name', '<', `${page.prefix}\u{7f}`)
        .orderBy('name')
        .limit(page.limit)
        .execute()
    );
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
    readonly image: { readonly id: number; readonly digest: string };
    readonly taggedAt: number;
  }): Promise<void> {
    const { db } = this.session;
    const previous = await db
      .deleteFrom('tag')
      .where('repository_id', '=', tag.repositoryId)
      .where('name', '=', tag.name)
      .returning('digest')
      .executeTakeFirst();
    await db
      .insertInto('tag')
      .values((value) => ({
        repository_id: tag.repositoryId,
        name: tag.name,
        digest: tag.image.digest,
        manifest_id: tag.image.id,
        position: value
          .selectFrom('tag as sibling')
          .select(sql<number>`coalesce(max(sibling.position), 0) + 1`.as('next'))
          .where('sibling.repository_id', '=', tag.repositoryId)
          .where('sibling.digest', '=', tag.image.digest),
        tagged_at: tag.taggedAt,
      }))
      .execute();
    await this.#refreshTagged(tag.repositoryId, [tag.image.digest, ...(previous ? [previous.digest] : [])]);
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

  async #refreshTagged(repositoryId: number, digests: readonly string[]): Promise<void> {
    const { db } = this.session;
    await db
      .updateTable('image')
      .set({
        tagged: sql<number>`CASE WHEN EXISTS (SELECT 1 FROM tag
          WHERE tag.repository_id = image.repository_id AND tag.digest = image.digest) THEN 1 ELSE 0 END`,
      })
      .where('repository_id', '=', repositoryId)
      .where('digest', 'in', setOf(this.session, digests))
      .execute();
  }
}

import { sql } from 'kysely';
import type { NamedImage } from './image.ts';
import { type TaggedImage, toTagged } from './image.ts';
import { prepare, prepareToSend } from './prepared.ts';
import { idSetOf, type Session, setOf } from './session.ts';

/** A tag and the image it points to. */
export interface ResolvedTag {
  readonly name: string;
  readonly image: TaggedImage;
}

/** A tag as it stands in a listing; one without an image was deleted with it, and is about to go. */
export interface ListedTag {
  readonly name: string;
  /** Of the image it points to. */
  readonly digest: string | undefined;
}

/** Tags in order of their bytes: those that begin with `prefix` and come after `after`. */
export interface TagPage {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
}

/** A page of tags of which only the names are wanted. */
export interface TagNames {
  /** Those that lead to an image. */
  readonly names: readonly string[];
  /** How many tags there are on the page, and the last of them. */
  readonly read: number;
  readonly last: string | undefined;
}

type NamesAfter = { readonly repositoryId: number; readonly after: string; readonly limit: number };

/** Whether any image at all is deleted and not purged: names that lead nowhere are names of such. */
const findDeleted = prepare((db) =>
  db.selectFrom('deleted_image').select('manifest_id').where('purge_at', '>=', 0).limit(1),
);

const readLiveNames = prepare((db, { repositoryId, after, limit }: NamesAfter, dialect) =>
  db
    .selectFrom(
      db
        .selectFrom('tag')
        .select('tag.name')
        .where('tag.repository_id', '=', repositoryId)
        .where('tag.name', '>', after)
        .orderBy('tag.name')
        .limit(limit)
        .as('page'),
    )
    .select((page) => dialect.linesOf(page.ref('page.name')).as('lines')),
);

const readNames = prepare((db, { repositoryId, after, limit }: NamesAfter, dialect) =>
  db
    .selectFrom(
      db
        .selectFrom('tag')
        .leftJoin('image', (join) =>
          join
            .onRef('image.repository_id', '=', 'tag.repository_id')
            .onRef('image.manifest_id', '=', 'tag.manifest_id'),
        )
        .select(['tag.name', 'image.digest'])
        .where('tag.repository_id', '=', repositoryId)
        .where('tag.name', '>', after)
        .orderBy('tag.name')
        .limit(limit)
        .as('page'),
    )
    .select((page) => [
      page.fn.countAll<number>().as('read'),
      page.fn.max<string | null>('page.name').as('last'),
      dialect.linesOf(page.ref('page.name'), page('page.digest', 'is not', null)).as('lines'),
    ]),
);

type NamesOf = { readonly repositoryId: number; readonly names: readonly string[] };

const resolveNames = prepare((db, { repositoryId, names }: NamesOf, dialect) =>
  db
    .selectFrom(dialect.rowsOf(names).as('wanted'))
    .crossJoin('tag')
    .crossJoin('image')
    .where('tag.repository_id', '=', repositoryId)
    .whereRef('tag.name', '=', sql<string>`wanted.value`)
    .where('image.repository_id', '=', repositoryId)
    .whereRef('image.manifest_id', '=', 'tag.manifest_id')
    .select(['tag.name', 'image.manifest_id', 'image.digest', 'image.tags']),
);

type Pointed = { readonly repositoryId: number; readonly name: string };

/** Takes the tag off the list of the image that it points to. */
const takeOffList = prepareToSend(
  (db, { repositoryId, name, names }: Pointed & { names: readonly string[] }, dialect) =>
    db
      .updateTable('image')
      .set({ tags: dialect.listWithout(sql.ref('image.tags'), names) })
      .where('repository_id', '=', repositoryId)
      .where('manifest_id', '=', (select) =>
        select
          .selectFrom('tag')
          .select('manifest_id')
          .where('repository_id', '=', repositoryId)
          .where('name', '=', name),
      ),
);

const putOnList = prepareToSend((db, { repositoryId, name, imageId }: Pointed & { imageId: number }, dialect) =>
  db
    .updateTable('image')
    .set({ tags: dialect.listWith(sql.ref('image.tags'), name) })
    .where('repository_id', '=', repositoryId)
    .where('manifest_id', '=', imageId),
);

type Pointing = Pointed & { readonly imageId: number; readonly taggedAt: number };

const pointTag = prepareToSend((db, { repositoryId, name, imageId, taggedAt }: Pointing) =>
  db
    .insertInto('tag')
    .values({ repository_id: repositoryId, name, manifest_id: imageId, tagged_at: taggedAt })
    .onConflict((conflict) =>
      conflict.columns(['repository_id', 'name']).doUpdateSet((set) => ({
        manifest_id: set.ref('excluded.manifest_id'),
        tagged_at: set.ref('excluded.tagged_at'),
      })),
    ),
);

export class TagReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** Those of the named tags that exist. One statement, however many. */
  async resolve(repositoryId: number, names: readonly string[]): Promise<ResolvedTag[]> {
    if (names.length === 0) return [];
    const rows = await resolveNames(this.session, { repositoryId, names });
    return rows.map((row) => ({ name: row.name, image: toTagged(row) }));
  }

  /**
   * As `list`, for the names alone: a thousand rows that come as one take a third of the processor, and half of that where no
   * image need be looked up for each.
   */
  async listNames(repositoryId: number, { after, limit }: Omit<TagPage, 'prefix'>): Promise<TagNames> {
    const deleted = await findDeleted(this.session, {});
    if (deleted.length === 0) {
      const [page] = await readLiveNames(this.session, { repositoryId, after, limit });
      const names = namesIn(page?.lines);
      return { names, read: names.length, last: names.at(-1) };
    }
    const [page] = await readNames(this.session, { repositoryId, after, limit });
    return { names: namesIn(page?.lines), read: page?.read ?? 0, last: page?.last ?? undefined };
  }

  /** A page of tags. Those that lead nowhere are among them, so that a page never reads more rows than it answers. */
  async list(repositoryId: number, { prefix, after, limit }: TagPage): Promise<ListedTag[]> {
    const rows = await this.session.db
      .selectFrom('tag')
      .leftJoin('image', (join) =>
        join.onRef('image.repository_id', '=', 'tag.repository_id').onRef('image.manifest_id', '=', 'tag.manifest_id'),
      )
      .select(['tag.name', 'image.digest'])
      .where('tag.repository_id', '=', repositoryId)
      .where('tag.name', '>', after)
      .where('tag.name', '>=', prefix)
      // Tags are ASCII, so nothing that begins so comes after this.
      .where('tag.name', '<', `${prefix}\u{7f}`)
      .orderBy('tag.name')
      .limit(limit)
      .execute();
    return rows.map((row) => ({ name: row.name, digest: row.digest ?? undefined }));
  }
}

export class TagWriter extends TagReader {
  /** Points the tag to the image, wherever it pointed before. An image that loses its last tag stays, untagged. */
  async put(tag: {
    readonly repositoryId: number;
    readonly name: string;
    readonly image: NamedImage;
    readonly taggedAt: number;
  }): Promise<void> {
    const { repositoryId, name, image, taggedAt } = tag;
    await takeOffList(this.session, { repositoryId, name, names: [name] });
    await pointTag(this.session, { repositoryId, name, imageId: image.id, taggedAt });
    await putOnList(this.session, { repositoryId, name, imageId: image.id });
  }

  /** Removes tags whose images keep others. */
  async delete(repositoryId: number, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const { db, dialect } = this.session;
    const removed = await db
      .deleteFrom('tag')
      .where('repository_id', '=', repositoryId)
      .where('name', 'in', setOf(this.session, names))
      .returning('manifest_id')
      .execute();
    const ids = removed.map((tag) => tag.manifest_id);
    await db
      .updateTable('image')
      .set({ tags: dialect.listWithout(sql.ref('image.tags'), names) })
      .where('repository_id', '=', repositoryId)
      .where('manifest_id', 'in', idSetOf(this.session, ids))
      .execute();
  }
}

/** In order: tags are ASCII, so their order as text is that of their bytes. */
function namesIn(lines: string | null | undefined): string[] {
  return lines ? lines.split('\n').sort() : [];
}

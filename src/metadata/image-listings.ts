import { type Selectable, sql } from 'kysely';
import { fromRow, IMAGE_COLUMNS, type Image, type NamedImage } from './image.ts';
import type { Schema } from './schema.ts';
import { type Session, setOf } from './session.ts';

/** A manifest that names another as its subject. */
export interface Referrer {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of the manifest. */
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** A manifest, and the one that it names as its subject. */
export interface NamedReferrer {
  readonly digest: string;
  readonly subjectDigest: string;
  readonly artifactType: string | null;
}

/** One row of a listing of identifiers: an image once for each tag, or once without. */
export interface ListedIdentifier {
  readonly digest: string;
  readonly tag: string | undefined;
  /** The tag's place within its image; 0 when untagged. With the digest, the key of the listing. */
  readonly position: number;
}

/** What a selection of images goes by. */
export interface DatedImage extends NamedImage {
  /** Of the blobs it names, each once. */
  readonly blobBytes: number;
  readonly pushedAt: number;
  readonly lastPulledAt: number | undefined;
}

const DATED_COLUMNS = [
  'image.manifest_id',
  'image.digest',
  'image.blob_bytes',
  'image.pushed_at',
  'image.last_pulled_at',
] as const;

/** Pages of a repository's images. Each reads no more rows than it answers. */
export class ImageListings {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** In order of digest, those after `after`. */
  async list(
    repositoryId: number,
    page: { readonly tagged: boolean | undefined; readonly after: string; readonly limit: number },
  ): Promise<Image[]> {
    const { db } = this.session;
    // The tags know which images have any, without a look at those that have none.
    const from = page.tagged === true ? 'tag' : 'image';
    let digests = db
      .selectFrom(from)
      .select('digest')
      .where('repository_id', '=', repositoryId)
      .where('digest', '>', page.after)
      .orderBy('digest')
      .limit(page.limit);
    if (page.tagged === true) digests = digests.distinct();
    if (page.tagged === false) digests = digests.where(sql<boolean>`tagged = 0`);
    const rows = await db
      .selectFrom(digests.as('page'))
      .crossJoin('image')
      .crossJoin('manifest')
      .where('image.repository_id', '=', repositoryId)
      .whereRef('image.digest', '=', 'page.digest')
      .whereRef('manifest.id', '=', 'image.manifest_id')
      .select(IMAGE_COLUMNS)
      .orderBy('page.digest')
      .execute();
    return rows.map(fromRow);
  }

  /** In order of digest and, within an image, of pushing its tags; those after the key `after`. */
  async listIdentifiers(
    repositoryId: number,
    page: {
      readonly tagged: boolean | undefined;
      readonly after: { readonly digest: string; readonly position: number };
      readonly limit: number;
    },
  ): Promise<ListedIdentifier[]> {
    const { db } = this.session;
    const { after, limit } = page;
    if (page.tagged === true) {
      const tags = await db
        .selectFrom('tag')
        .select(['digest', 'name', 'position'])
        .where('repository_id', '=', repositoryId)
        .where(sql<boolean>`(digest, position) > (${after.digest}, ${after.position})`)
        .orderBy('digest')
        .orderBy('position')
        .limit(limit)
        .execute();
      return tags.map(({ digest, name, position }) => ({ digest, tag: name, position }));
    }
    if (page.tagged === false) {
      const untagged = await db
        .selectFrom('image')
        .select('digest')
        .where('repository_id', '=', repositoryId)
        .where('digest', '>', after.digest)
        .where(sql<boolean>`tagged = 0`)
        .orderBy('digest')
        .limit(limit)
        .execute();
      return untagged.map(({ digest }) => ({ digest, tag: undefined, position: 0 }));
    }
    const rows = await db
      .selectFrom('image')
      .leftJoin('tag', (join) =>
        join.onRef('tag.repository_id', '=', 'image.repository_id').onRef('tag.digest', '=', 'image.digest'),
      )
      .select(['image.digest', 'tag.name', 'tag.position'])
      .where('image.repository_id', '=', repositoryId)
      .where('image.digest', '>=', after.digest)
      .where((where) =>
        where.or([where('image.digest', '>', after.digest), where('tag.position', '>', after.position)]),
      )
      .orderBy('image.digest')
      .orderBy('tag.position')
      .limit(limit)
      .execute();
    return rows.map((row) => ({ digest: row.digest, tag: row.name ?? undefined, position: row.position ?? 0 }));
  }

  /** Manifests that name `subjectDigest` as their subject, in order of digest, those after `after`. */
  async listReferrers(
    repositoryId: number,
    subjectDigest: string,
    page: { readonly artifactTypes: readonly string[]; readonly after: string; readonly limit: number },
  ): Promise<Referrer[]> {
    let query = this.session.db
      .selectFrom('image')
      .crossJoin('manifest')
      .whereRef('manifest.id', '=', 'image.manifest_id')
      .select([
        'image.digest',
        'manifest.media_type',
        'manifest.artifact_type',
        'manifest.annotations',
        sql<number>`length(manifest.bytes)`.as('size'),
      ])
      .where('image.repository_id', '=', repositoryId)
      .where('image.subject_digest', '=', subjectDigest)
      .where('image.digest', '>', page.after)
      .orderBy('image.digest')
      .limit(page.limit);
    if (page.artifactTypes.length > 0) {
      query = query.where('manifest.artifact_type', 'in', setOf(this.session, page.artifactTypes));
    }
    const rows = await query.execute();
    return rows.map((row) => ({
      digest: row.digest,
      mediaType: row.media_type,
      size: row.size,
      artifactType: row.artifact_type ?? undefined,
      annotations: row.annotations === null ? undefined : (JSON.parse(row.annotations) as Record<string, string>),
    }));
  }

  /** Dates and bytes of images in order of digest, those after `after`; with `untagged` only those without a tag. */
  async listDated(
    repositoryId: number,
    page: { readonly untagged: boolean; readonly after: string; readonly limit: number },
  ): Promise<DatedImage[]> {
    let query = this.session.db
      .selectFrom('image')
      .select(DATED_COLUMNS)
      .where('repository_id', '=', repositoryId)
      .where('digest', '>', page.after)
      .orderBy('digest')
      .limit(page.limit);
    if (page.untagged) query = query.where(sql<boolean>`tagged = 0`);
    return (await query.execute()).map(toDated);
  }

  /** As `listDated`, of the named digests. One statement, however many. */
  async findDated(repositoryId: number, digests: readonly string[]): Promise<DatedImage[]> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.rowsOf(digests).as('wanted'))
      .crossJoin('image')
      .select(DATED_COLUMNS)
      .where('image.repository_id', '=', repositoryId)
      .whereRef('image.digest', '=', sql<string>`wanted.value`)
      .execute();
    return rows.map(toDated);
  }

  /** Manifests that name one of these digests as their subject, the first `limit`. One statement, however many. */
  async listReferrersOf(repositoryId: number, digests: readonly string[], limit: number): Promise<NamedReferrer[]> {
    return this.session.db
      .selectFrom(this.session.dialect.rowsOf(digests).as('wanted'))
      .crossJoin('image')
      .crossJoin('manifest')
      .where('image.repository_id', '=', repositoryId)
      .whereRef('image.subject_digest', '=', sql<string>`wanted.value`)
      .whereRef('manifest.id', '=', 'image.manifest_id')
      .select([
        'image.digest',
        sql<string>`image.subject_digest`.as('subjectDigest'),
        'manifest.artifact_type as artifactType',
      ])
      .limit(limit)
      .execute();
  }

  async hasAny(repositoryId: number): Promise<boolean> {
    const [image] = await this.listAny(repositoryId, 1);
    return image !== undefined;
  }

  /** Some images of the repository, the first in order of digest. */
  async listAny(repositoryId: number, limit: number): Promise<NamedImage[]> {
    return this.session.db
      .selectFrom('image')
      .select(['manifest_id as id', 'digest'])
      .where('repository_id', '=', repositoryId)
      .orderBy('digest')
      .limit(limit)
      .execute();
  }
}

function toDated(
  row: Pick<Selectable<Schema['image']>, 'manifest_id' | 'digest' | 'blob_bytes' | 'pushed_at' | 'last_pulled_at'>,
): DatedImage {
  return {
    id: row.manifest_id,
    digest: row.digest,
    blobBytes: row.blob_bytes,
    pushedAt: row.pushed_at,
    lastPulledAt: row.last_pulled_at ?? undefined,
  };
}

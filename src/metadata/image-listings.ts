import { type Kysely, type Selectable, sql } from 'kysely';
import { IMAGE_COLUMNS, type Image, TAGGED_COLUMNS, type TaggedImage, toImage, toTagged } from './image.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';
import { type Session, setOf } from './session.ts';
import type { SqlDialect } from './sql-dialect.ts';

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

/** What a selection of images goes by. */
export interface DatedImage extends TaggedImage {
  /** Of the blobs it names, each once. */
  readonly blobBytes: number;
  readonly pushedAt: number;
  readonly lastPulledAt: number | undefined;
}

/** Part of a listing in the order of pushing, or against it: images with tags, without, or either. */
export interface ImagePage {
  readonly tagged: boolean | undefined;
  /** The id of the last image of the page before. */
  readonly after: number | undefined;
  readonly limit: number;
}

/** More than any id. */
const AFTER_ALL = Number.MAX_SAFE_INTEGER;

const DATED_COLUMNS = [...TAGGED_COLUMNS, 'image.blob_bytes', 'image.pushed_at', 'image.last_pulled_at'] as const;

type Digests = { readonly repositoryId: number; readonly digests: readonly string[] };

/** The live images that these digests lead to. */
function withDigests(db: Kysely<Schema>, { repositoryId, digests }: Digests, dialect: SqlDialect) {
  return db
    .selectFrom(dialect.rowsOf(digests).as('wanted'))
    .crossJoin('digest')
    .crossJoin('image')
    .where('digest.repository_id', '=', repositoryId)
    .whereRef('digest.digest', '=', sql<string>`wanted.value`)
    .where('image.repository_id', '=', repositoryId)
    .whereRef('image.manifest_id', '=', 'digest.manifest_id');
}

const identify = prepare((db, given: Digests, dialect) => withDigests(db, given, dialect).select(TAGGED_COLUMNS));

const findDated = prepare((db, given: Digests, dialect) => withDigests(db, given, dialect).select(DATED_COLUMNS));

const findAll = prepare((db, given: Digests, dialect) =>
  withDigests(db, given, dialect)
    .crossJoin('manifest')
    .whereRef('manifest.id', '=', 'image.manifest_id')
    .select(IMAGE_COLUMNS),
);

/** A repository's images, by digest or page by page. A page reads no more rows than it answers. */
export class ImageListings {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** The last pushed first, as ECR's recorded listing has it. */
  async list(repositoryId: number, page: ImagePage): Promise<Image[]> {
    // The page by itself: to find its manifests, PostgreSQL may else read those of other repositories that came later.
    const images = this.#page(repositoryId, page, 'desc').select(DATED_COLUMNS);
    const rows = await this.session.db
      .selectFrom(images.as('image'))
      .crossJoin('manifest')
      .whereRef('manifest.id', '=', 'image.manifest_id')
      .orderBy('image.manifest_id', 'desc')
      .select(IMAGE_COLUMNS)
      .execute();
    return rows.map(toImage);
  }

  /** As `list`, without a look at what was pushed. */
  async listTagged(repositoryId: number, page: ImagePage): Promise<TaggedImage[]> {
    const rows = await this.#page(repositoryId, page, 'desc').select(TAGGED_COLUMNS).execute();
    return rows.map(toTagged);
  }

  /** Dates and bytes, the first pushed first. */
  async listDated(repositoryId: number, page: ImagePage): Promise<DatedImage[]> {
    const rows = await this.#page(repositoryId, page, 'asc').select(DATED_COLUMNS).execute();
    return rows.map(toDated);
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

  /** Those of the named digests that the repository has. One statement, however many. */
  async findAll(repositoryId: number, digests: readonly string[]): Promise<Image[]> {
    if (digests.length === 0) return [];
    return (await findAll(this.session, { repositoryId, digests })).map(toImage);
  }

  /** As `findAll`, without a look at what was pushed. */
  async identify(repositoryId: number, digests: readonly string[]): Promise<TaggedImage[]> {
    if (digests.length === 0) return [];
    return (await identify(this.session, { repositoryId, digests })).map(toTagged);
  }

  /** Dates and bytes of the named digests. One statement, however many. */
  async findDated(repositoryId: number, digests: readonly string[]): Promise<DatedImage[]> {
    return (await findDated(this.session, { repositoryId, digests })).map(toDated);
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
    const [image] = await this.listTagged(repositoryId, { tagged: undefined, after: undefined, limit: 1 });
    return image !== undefined;
  }

  #page(repositoryId: number, { tagged, after, limit }: ImagePage, order: 'asc' | 'desc') {
    const page = this.session.db
      .selectFrom('image')
      .where('image.repository_id', '=', repositoryId)
      .where('image.manifest_id', order === 'asc' ? '>' : '<', after ?? (order === 'asc' ? 0 : AFTER_ALL))
      .orderBy('image.manifest_id', order)
      .limit(limit);
    if (tagged === undefined) return page;
    // As the partial indexes put it.
    return page.where(tagged ? sql<boolean>`image.tags <> '[]'` : sql<boolean>`image.tags = '[]'`);
  }
}

function toDated(
  row: Pick<
    Selectable<Schema['image']>,
    'manifest_id' | 'digest' | 'tags' | 'blob_bytes' | 'pushed_at' | 'last_pulled_at'
  >,
): DatedImage {
  return {
    ...toTagged(row),
    blobBytes: row.blob_bytes,
    pushedAt: row.pushed_at,
    lastPulledAt: row.last_pulled_at ?? undefined,
  };
}

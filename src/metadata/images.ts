import { type Selectable, sql } from 'kysely';
import type { Reference } from '../model/reference.ts';
import type { Schema } from './schema.ts';
import type { Session } from './session.ts';

/** An image: a manifest in a repository. Tags are kept apart (`TagReader.ofImages`). */
export interface Image {
  readonly id: number;
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of config and layers as stored; for an index the largest of its children. */
  readonly imageSize: number;
  readonly configMediaType: string | undefined;
  readonly artifactType: string | undefined;
  readonly subjectDigest: string | undefined;
  /** Milliseconds since the epoch, of the first push. */
  readonly pushedAt: number;
  readonly lastPulledAt: number | undefined;
}

/** An image with the manifest's bytes as they were pushed. */
export interface ImageWithManifest extends Image {
  readonly bytes: Uint8Array;
}

/** A manifest as it was pushed. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface Referrer {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of the manifest. */
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** One row of a listing of identifiers: an image once for each tag, or once without. */
export interface ListedIdentifier {
  readonly digest: string;
  readonly tag: string | undefined;
  /** The tag's place within its image; 0 when untagged. With the digest, the key of the listing. */
  readonly position: number;
}

const IMAGE_COLUMNS = [
  'manifest.id',
  'manifest.digest',
  'manifest.media_type',
  'manifest.image_size',
  'manifest.config_media_type',
  'manifest.artifact_type',
  'manifest.subject_digest',
  'manifest.pushed_at',
  'manifest.last_pulled_at',
] as const;

export class ImageReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  async find(repositoryId: number, reference: Reference): Promise<ImageWithManifest | undefined> {
    const base = this.session.db
      .selectFrom('manifest')
      .select([...IMAGE_COLUMNS, 'manifest.bytes'])
      .where('manifest.repository_id', '=', repositoryId);
    const query =
      reference.digest === undefined
        ? base
            .innerJoin('tag', 'tag.manifest_id', 'manifest.id')
            .where('tag.repository_id', '=', repositoryId)
            .where('tag.name', '=', reference.tag)
        : base.where('manifest.digest', '=', reference.digest);
    const row = await query.executeTakeFirst();
    return row && { ...fromRow(row), bytes: row.bytes };
  }

  /** Those of the named digests that the repository has. One statement, however many. */
  async findAll(repositoryId: number, digests: readonly string[]): Promise<Image[]> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.rowsOf(digests).as('wanted'))
      .crossJoin('manifest')
      .where('manifest.repository_id', '=', repositoryId)
      .whereRef('manifest.digest', '=', sql<string>`wanted.value`)
      .select(IMAGE_COLUMNS)
      .execute();
    return rows.map(fromRow);
  }

  /** The manifests of these images, by image. One statement, however many. */
  async manifestsOf(manifestIds: readonly number[]): Promise<Map<number, StoredManifest>> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.rowsOf(manifestIds).as('wanted'))
      .crossJoin('manifest')
      .whereRef('manifest.id', '=', sql<number>`wanted.value`)
      .select(['manifest.id', 'manifest.media_type as mediaType', 'manifest.bytes'])
      .execute();
    return new Map(rows.map(({ id, mediaType, bytes }) => [id, { mediaType, bytes }]));
  }

  /** For each of these images that an index lists, the digests of those indexes, in order. One statement, however many. */
  async parentsOf(manifestIds: readonly number[]): Promise<Map<number, string[]>> {
    const rows = await this.session.db
      .selectFrom(this.session.dialect.rowsOf(manifestIds).as('wanted'))
      .crossJoin('manifest_child')
      .innerJoin('manifest as parent', 'parent.id', 'manifest_child.parent_id')
      .whereRef('manifest_child.child_id', '=', sql<number>`wanted.value`)
      .select(['manifest_child.child_id as childId', 'parent.digest'])
      .orderBy('parent.digest')
      .execute();
    const parents = new Map<number, string[]>();
    for (const { childId, digest } of rows) {
      const digests = parents.get(childId);
      if (digests) digests.push(digest);
      else parents.set(childId, [digest]);
    }
    return parents;
  }

  /** In order of digest, those after `after`. */
  async list(
    repositoryId: number,
    page: { readonly tagged: boolean | undefined; readonly after: string; readonly limit: number },
  ): Promise<Image[]> {
    let query = this.session.db
      .selectFrom('manifest')
      .select(IMAGE_COLUMNS)
      .where('repository_id', '=', repositoryId)
      .where('digest', '>', page.after)
      .orderBy('digest')
      .limit(page.limit);
    if (page.tagged !== undefined) query = query.where('tagged', '=', page.tagged ? 1 : 0);
    return (await query.execute()).map(fromRow);
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
    const { after } = page;
    let query = this.session.db
      .selectFrom('manifest')
      .leftJoin('tag', 'tag.manifest_id', 'manifest.id')
      .select(['manifest.digest', 'tag.name', 'tag.position'])
      .where('manifest.repository_id', '=', repositoryId)
      .where('manifest.digest', '>=', after.digest)
      .where((where) =>
        where.or([where('manifest.digest', '>', after.digest), where('tag.position', '>', after.position)]),
      )
      .orderBy('manifest.digest')
      .orderBy('tag.position')
      .limit(page.limit);
    if (page.tagged !== undefined) query = query.where('manifest.tagged', '=', page.tagged ? 1 : 0);
    const rows = await query.execute();
    return rows.map((row) => ({ digest: row.digest, tag: row.name ?? undefined, position: row.position ?? 0 }));
  }

  /** Manifests that name `subjectDigest` as their subject, in order of digest, those after `after`. */
  async listReferrers(
    repositoryId: number,
    subjectDigest: string,
    page: { readonly artifactTypes: readonly string[]; readonly after: string; readonly limit: number },
  ): Promise<Referrer[]> {
    let query = this.session.db
      .selectFrom('manifest')
      .select(['digest', 'media_type', 'artifact_type', 'annotations', sql<number>`length(bytes)`.as('size')])
      .where('repository_id', '=', repositoryId)
      .where('subject_digest', '=', subjectDigest)
      .where('digest', '>', page.after)
      .orderBy('digest')
      .limit(page.limit);
    if (page.artifactTypes.length > 0) {
      const wanted = this.session.dialect.rowsOf(page.artifactTypes).as('wanted');
      query = query.where('artifact_type', 'in', (types) =>
        types.selectFrom(wanted).select(sql<string>`value`.as('type')),
      );
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

  async hasAny(repositoryId: number): Promise<boolean> {
    const row = await this.session.db
      .selectFrom('manifest')
      .select('id')
      .where('repository_id', '=', repositoryId)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }
}

type ImageRow = Pick<
  Selectable<Schema['manifest']>,
  | 'id'
  | 'digest'
  | 'media_type'
  | 'image_size'
  | 'config_media_type'
  | 'artifact_type'
  | 'subject_digest'
  | 'pushed_at'
  | 'last_pulled_at'
>;

function fromRow(row: ImageRow): Image {
  return {
    id: row.id,
    digest: row.digest,
    mediaType: row.media_type,
    imageSize: row.image_size,
    configMediaType: row.config_media_type ?? undefined,
    artifactType: row.artifact_type ?? undefined,
    subjectDigest: row.subject_digest ?? undefined,
    pushedAt: row.pushed_at,
    lastPulledAt: row.last_pulled_at ?? undefined,
  };
}

import { type RawBuilder, sql } from 'kysely';
import type { Session } from './session.ts';
import type { SqlDialect } from './sql-dialect.ts';
import { LINK_STATE, type Scope } from './usage.ts';

/** Bytes of blobs that nothing would need any more: in the repository, in its registry, in the whole store. */
export interface ReleasedBytes {
  readonly repository: number;
  readonly registry: number;
  readonly store: number;
}

/** What deleting images would release. */
export interface Release {
  /** Of the blobs that no other image of the repository names. */
  readonly bytes: ReleasedBytes;
  /** Blobs that others name, too, and so many of them. */
  readonly shared: readonly { readonly blobId: number; readonly times: number; readonly others: number }[];
}

/** The blobs that these images name, how often, and what the repository's links to them say. */
export function namedBy(
  dialect: SqlDialect,
  { repositoryId }: Pick<Scope, 'repositoryId'>,
  manifestIds: readonly number[],
): RawBuilder<unknown> {
  return sql`SELECT link.blob_id, link.size, link.refs, link.holds, link.state, count(*) AS times
    FROM ${dialect.idRowsOf(manifestIds).as('wanted')} CROSS JOIN manifest_blob AS named CROSS JOIN repository_blob AS link
    WHERE named.manifest_id = wanted.value
      AND link.repository_id = ${repositoryId} AND link.blob_id = named.blob_id
    GROUP BY link.repository_id, link.blob_id`;
}

export class LinkReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /**
   * Names of repositories of the registry that see the blob. Looks at `limit` links and no more, however many there are, so
   * fewer may be answered than there would be.
   */
  async listSeers(registryKey: number, digest: string, limit: number): Promise<string[]> {
    const { rows } = await sql<{ name: string }>`
      SELECT repository.name FROM (
        SELECT link.repository_id, link.blob_id FROM blob CROSS JOIN repository_blob AS link
        WHERE blob.digest = ${digest} AND link.blob_id = blob.id AND link.registry_id = ${registryKey} LIMIT ${limit}
      ) AS looked CROSS JOIN repository_blob AS link CROSS JOIN repository
      WHERE link.repository_id = looked.repository_id AND link.blob_id = looked.blob_id AND link.hidden = 0
        AND repository.id = looked.repository_id AND repository.deleted_at IS NULL`.execute(this.session.db);
    return rows.map((row) => row.name);
  }

  /** What deleting these images would release, as of now. */
  async releaseOf(scope: Scope, manifestIds: readonly number[]): Promise<Release> {
    const named = namedBy(this.session.dialect, scope, manifestIds);
    const { rows: shared } = await sql<{ blobId: number; times: number; others: number }>`
      SELECT blob_id AS "blobId", times, refs - times AS others FROM (${named}) AS named WHERE refs > times`.execute(
      this.session.db,
    );
    return {
      bytes: await this.#sum(scope, sql`SELECT blob_id, size FROM (${named}) AS named WHERE refs = times`),
      shared,
    };
  }

  /** The bytes of these blobs of the repository, at each level where no other repository needs them. */
  async bytesOf(scope: Scope, blobIds: readonly number[]): Promise<ReleasedBytes> {
    const wanted = this.session.dialect.idRowsOf(blobIds).as('wanted');
    return this.#sum(
      scope,
      sql`SELECT link.blob_id, link.size FROM ${wanted} CROSS JOIN repository_blob AS link
        WHERE link.repository_id = ${scope.repositoryId} AND link.blob_id = wanted.value`,
    );
  }

  async #sum(scope: Scope, released: RawBuilder<unknown>): Promise<ReleasedBytes> {
    // With an OFFSET, PostgreSQL looks for each blob (see `movesOf`).
    const needed = (more: RawBuilder<unknown>) => sql`EXISTS (SELECT 1 FROM repository_blob AS other
      WHERE other.blob_id = released.blob_id AND other.repository_id <> ${scope.repositoryId}
        AND other.state >= ${sql.lit(LINK_STATE.held)} ${more} LIMIT 1 OFFSET 0)`;
    const { rows } = await sql<{ [L in keyof ReleasedBytes]: number | null }>`
      SELECT sum(size) AS repository,
        sum(CASE WHEN ${needed(sql`AND other.registry_id = ${scope.registryKey}`)} THEN 0 ELSE size END) AS registry,
        sum(CASE WHEN ${needed(sql``)} THEN 0 ELSE size END) AS store
      FROM (${released}) AS released`.execute(this.session.db);
    const [sums] = rows;
    return { repository: sums?.repository ?? 0, registry: sums?.registry ?? 0, store: sums?.store ?? 0 };
  }
}

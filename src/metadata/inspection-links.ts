import { sql } from 'kysely';
import { isLive } from './inspection-images.ts';
import type { Schema } from './schema.ts';
import type { Session } from './session.ts';

/** The key of a link, in the order of listing. */
export interface LinkKey {
  readonly blobId: number;
  readonly registryKey: number;
  readonly repositoryId: number;
}

/** A link's row, with a count of who names the blob. */
export interface LinkRow {
  readonly blob_id: number;
  readonly registry_id: number;
  readonly repository_id: number;
  readonly size: number;
  readonly refs: number;
  readonly holds: number;
  readonly keep_until: number;
  readonly blob_size: number | null;
  /** Manifests that name it: counted up to `FEW`, of which so many are live images', and deleted ones that are held. */
  readonly namers: number;
  readonly live: number;
  readonly held: number;
}

/** How many namers are counted together with their link; a blob with as many is counted by `countNamers`. */
export const FEW = 10;

const held = sql<number>`EXISTS (SELECT 1 FROM deleted_image AS deleted
  WHERE deleted.manifest_id = named.manifest_id AND deleted.purge_at > deleted.deleted_at)`;
const live = isLive(sql.ref('named.manifest_id'));
const fewNamers = sql`(SELECT manifest_id FROM manifest_blob
  WHERE manifest_blob.blob_id = link.blob_id AND manifest_blob.repository_id = link.repository_id
  LIMIT ${sql.lit(FEW)}) AS named`;

export class LinkInspection {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** In order of blob, those after the key `after`. */
  async list(after: LinkKey, limit: number): Promise<LinkRow[]> {
    const { rows } = await sql<LinkRow>`
      SELECT link.blob_id, link.registry_id, link.repository_id, link.size, link.refs, link.holds, link.keep_until,
        blob.size AS blob_size,
        (SELECT count(*) FROM ${fewNamers}) AS namers,
        (SELECT count(*) FROM ${fewNamers} WHERE ${live}) AS live,
        (SELECT count(*) FROM ${fewNamers} WHERE ${held} AND NOT ${live}) AS held
      FROM repository_blob AS link LEFT JOIN blob ON blob.id = link.blob_id
      WHERE (link.blob_id, link.registry_id, link.repository_id) > (${after.blobId}, ${after.registryKey}, ${after.repositoryId})
      ORDER BY link.blob_id, link.registry_id, link.repository_id LIMIT ${limit}`.execute(this.#session.db);
    return rows;
  }

  /** Of the manifests after `after` that name the blob, counts the first `limit`; `last` is where to go on, if anywhere. */
  async countNamers(
    link: Pick<LinkKey, 'blobId' | 'repositoryId'>,
    after: number,
    limit: number,
  ): Promise<{ readonly live: number; readonly held: number; readonly last: number | undefined }> {
    const { rows } = await sql<{ manifest_id: number; live: number; held: number }>`
      SELECT named.manifest_id, ${live} AS live, ${held} AND NOT ${live} AS held FROM manifest_blob AS named
      WHERE named.blob_id = ${link.blobId} AND named.repository_id = ${link.repositoryId}
        AND named.manifest_id > ${after}
      ORDER BY named.manifest_id LIMIT ${limit}`.execute(this.#session.db);
    const sum = (counter: 'live' | 'held') => rows.reduce((total, row) => total + row[counter], 0);
    return { live: sum('live'), held: sum('held'), last: rows.length < limit ? undefined : rows.at(-1)?.manifest_id };
  }

  /** In order of scope and id, those after the key `after`. */
  async listUsage(after: { readonly scope: string; readonly id: number }, limit: number): Promise<Schema['usage'][]> {
    const { rows } = await sql<Schema['usage']>`
      SELECT * FROM usage WHERE (scope, id) > (${after.scope}, ${after.id}) ORDER BY scope, id LIMIT ${limit}`.execute(
      this.#session.db,
    );
    return rows;
  }
}

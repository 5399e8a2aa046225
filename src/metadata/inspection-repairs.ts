import { type SqlBool, sql } from 'kysely';
import type { Schema } from './schema.ts';
import type { Session } from './session.ts';

/** What is kept beside what it can be counted from. */
export type UsageCounter = Exclude<keyof Schema['usage'], 'scope' | 'id'>;

/** A tag or a digest, and the manifest that it leads to, or should. */
export interface LeadingName {
  readonly repositoryId: number;
  readonly name: string;
  readonly manifestId: number;
}

/**
 * Puts right what can be put right from what is certain. Nothing here lets go of anything that might be needed. Each answers
 * whether it did something: rows that have changed since they were looked at are left for the next look.
 */
export class Repairs {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async setLinkCounts(
    link: { readonly repositoryId: number; readonly blobId: number },
    recorded: { readonly refs: number; readonly holds: number },
    counted: { readonly refs: number; readonly holds: number },
  ): Promise<boolean> {
    return this.#changes(sql`
      UPDATE repository_blob SET refs = ${counted.refs}, holds = ${counted.holds},
        hidden = CASE WHEN ${counted.refs} > 0 THEN 0 ELSE hidden END
      WHERE repository_id = ${link.repositoryId} AND blob_id = ${link.blobId}
        AND refs = ${recorded.refs} AND holds = ${recorded.holds} RETURNING 1`);
  }

  /** What a link copies from its blob and its repository. */
  async setLinkCopies(link: { readonly repositoryId: number; readonly blobId: number }): Promise<boolean> {
    return this.#changes(sql`
      UPDATE repository_blob SET
        size = coalesce((SELECT blob.size FROM blob WHERE blob.id = repository_blob.blob_id), size),
        registry_id = coalesce((SELECT repository.registry_id FROM repository
          WHERE repository.id = repository_blob.repository_id), registry_id)
      WHERE repository_id = ${link.repositoryId} AND blob_id = ${link.blobId} RETURNING 1`);
  }

  /** Lets an image have a tag that leads to it; what a tag leads to is what clients see. */
  async addTag(tag: LeadingName): Promise<boolean> {
    const { dialect } = this.#session;
    const tags = dialect.listWith(dialect.listWithout(sql.ref('image.tags'), [tag.name]), tag.name);
    return this.#changes(sql`
      UPDATE image SET tags = ${tags}
      WHERE repository_id = ${tag.repositoryId} AND manifest_id = ${tag.manifestId} AND ${leads(tag)} RETURNING 1`);
  }

  /** Takes from an image a tag that does not lead to it. */
  async removeTag(tag: LeadingName): Promise<boolean> {
    return this.#changes(sql`
      UPDATE image SET tags = ${this.#session.dialect.listWithout(sql.ref('image.tags'), [tag.name])}
      WHERE repository_id = ${tag.repositoryId} AND manifest_id = ${tag.manifestId} AND NOT ${leads(tag)} RETURNING 1`);
  }

  /** Lets the digest of a live image lead to it, if it leads to no other. */
  async addDigest(digest: LeadingName): Promise<boolean> {
    return this.#changes(sql`
      INSERT INTO digest (repository_id, digest, manifest_id)
      SELECT image.repository_id, image.digest, image.manifest_id FROM image
      WHERE image.repository_id = ${digest.repositoryId} AND image.manifest_id = ${digest.manifestId}
      ON CONFLICT (repository_id, digest) DO UPDATE SET manifest_id = excluded.manifest_id
        WHERE NOT EXISTS (SELECT 1 FROM image AS other
          WHERE other.repository_id = digest.repository_id AND other.manifest_id = digest.manifest_id) RETURNING 1`);
  }

  /** Forgets a name that leads to nothing, live or deleted. */
  async forgetName(kind: 'tag' | 'digest', name: LeadingName): Promise<boolean> {
    const column = sql.ref(kind === 'tag' ? 'name' : 'digest');
    return this.#changes(sql`
      DELETE FROM ${sql.table(kind)}
      WHERE repository_id = ${name.repositoryId} AND ${column} = ${name.name} AND manifest_id = ${name.manifestId}
        AND NOT EXISTS (SELECT 1 FROM image
          WHERE image.repository_id = ${name.repositoryId} AND image.manifest_id = ${name.manifestId})
        AND NOT EXISTS (SELECT 1 FROM deleted_image WHERE deleted_image.manifest_id = ${name.manifestId}) RETURNING 1`);
  }

  /** Of a live image; usage counts by the same number and moves with it. */
  async setBlobBytes(
    image: { readonly repositoryId: number; readonly manifestId: number },
    registryKey: number | undefined,
    recorded: number,
    counted: number,
  ): Promise<boolean> {
    const changed = await this.#changes(sql`
      UPDATE image SET blob_bytes = ${counted}
      WHERE repository_id = ${image.repositoryId} AND manifest_id = ${image.manifestId} AND blob_bytes = ${recorded} RETURNING 1`);
    if (!changed) return false;
    await this.shiftUsage('repository', image.repositoryId, { logical_bytes: counted - recorded });
    if (registryKey !== undefined)
      await this.shiftUsage('registry', registryKey, { logical_bytes: counted - recorded });
    return true;
  }

  /** By what a recount differed: what has happened since then has moved both alike. */
  async shiftUsage(
    scope: Schema['usage']['scope'],
    id: number,
    by: Partial<Readonly<Record<UsageCounter, number>>>,
  ): Promise<boolean> {
    const nothing = { images: 0, logical_bytes: 0, live_bytes: 0, held_bytes: 0, idle_bytes: 0 };
    await this.#session.counters.addUsage([{ scope, id, ...nothing, ...by }]);
    return true;
  }

  /** Makes a manifest that is neither live nor deleted a deleted one, to be purged at once. */
  async retire(manifest: { readonly id: number; readonly repositoryId: number; readonly digest: string }, now: number) {
    return this.#changes(sql`
      INSERT INTO deleted_image (manifest_id, repository_id, digest, blob_bytes, pushed_at, last_pulled_at, deleted_at, purge_at)
      SELECT manifest.id, manifest.repository_id, manifest.digest,
        coalesce((SELECT sum(blob.size) FROM manifest_blob AS named JOIN blob ON blob.id = named.blob_id
          WHERE named.manifest_id = manifest.id), 0), ${now}, NULL, ${now}, ${now}
      FROM manifest
      WHERE manifest.id = ${manifest.id}
        AND NOT EXISTS (SELECT 1 FROM image WHERE image.repository_id = ${manifest.repositoryId}
          AND image.manifest_id = ${manifest.id})
        AND NOT EXISTS (SELECT 1 FROM deleted_image WHERE deleted_image.manifest_id = ${manifest.id})
      RETURNING 1`);
  }

  /** Keeps a manifest that is live and deleted from being purged: it is live. */
  async keepLive(manifest: { readonly id: number; readonly repositoryId: number; readonly digest: string }) {
    return this.#changes(sql`
      DELETE FROM deleted_image WHERE manifest_id = ${manifest.id}
        AND EXISTS (SELECT 1 FROM image WHERE image.repository_id = ${manifest.repositoryId}
          AND image.manifest_id = ${manifest.id}) RETURNING 1`);
  }

  /** Takes a key out of the trash that a blob or an upload needs; answers its size, as it was counted. */
  async takeOutOfTrash(storageKey: string): Promise<number | undefined> {
    const { rows } = await sql<{ size: number }>`
      DELETE FROM gc_trash WHERE storage_key = ${storageKey}
        AND (EXISTS (SELECT 1 FROM blob WHERE blob.storage_key = gc_trash.storage_key)
          OR EXISTS (SELECT 1 FROM upload WHERE upload.storage_key = gc_trash.storage_key)
          OR EXISTS (SELECT 1 FROM upload_name AS named WHERE named.storage_key = gc_trash.storage_key))
      RETURNING size`.execute(this.#session.db);
    return rows[0]?.size;
  }

  async #changes(change: ReturnType<typeof sql<SqlBool>>): Promise<boolean> {
    const { rows } = await change.execute(this.#session.db);
    return rows.length > 0;
  }
}

function leads({ repositoryId, name, manifestId }: LeadingName) {
  return sql`EXISTS (SELECT 1 FROM tag WHERE tag.repository_id = ${repositoryId}
    AND tag.name = ${name} AND tag.manifest_id = ${manifestId})`;
}

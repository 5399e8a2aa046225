import type { Selectable } from 'kysely';
import type { Registry } from '../model/registry.ts';
import type { TagMutability, TagMutabilityMode } from '../model/tag-mutability.ts';
import type { Schema } from './schema.ts';
import { type Session, setOf } from './session.ts';

export interface Repository {
  readonly id: number;
  readonly registry: Registry;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly tagMutability: TagMutability;
  readonly scanOnPush: boolean;
  readonly encryption: Encryption;
}

export interface Encryption {
  readonly type: 'AES256' | 'KMS' | 'KMS_DSSE';
  /** A full key ARN, with the two KMS types. */
  readonly kmsKey: string | undefined;
}

export type NewRepository = Omit<Repository, 'id'>;

/** A tag on a resource, as in TagResource; not an image tag. */
export interface ResourceTag {
  readonly key: string;
  readonly value: string;
}

export class RepositoryReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  async find(registry: Registry, name: string): Promise<Repository | undefined> {
    const row = await this.session.db
      .selectFrom('repository')
      .selectAll()
      .where('registry_id', '=', registry.id)
      .where('region', '=', registry.region)
      .where('name', '=', name)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  /** In order of name, those after `after`. */
  async list(registry: Registry, page: { readonly after: string; readonly limit: number }): Promise<Repository[]> {
    const rows = await this.session.db
      .selectFrom('repository')
      .selectAll()
      .where('registry_id', '=', registry.id)
      .where('region', '=', registry.region)
      .where('name', '>', page.after)
      .orderBy('name')
      .limit(page.limit)
      .execute();
    return rows.map(fromRow);
  }

  /** In order of key. */
  async resourceTags(repositoryId: number): Promise<ResourceTag[]> {
    return this.session.db
      .selectFrom('resource_tag')
      .select(['key', 'value'])
      .where('repository_id', '=', repositoryId)
      .orderBy('key')
      .execute();
  }
}

export class RepositoryWriter extends RepositoryReader {
  /** Answers the new repository, or `undefined` when the name is taken. */
  async insert(repository: NewRepository): Promise<Repository | undefined> {
    const row = await this.session.db
      .insertInto('repository')
      .values({
        registry_id: repository.registry.id,
        region: repository.registry.region,
        name: repository.name,
        created_at: repository.createdAt,
        tag_mutability: repository.tagMutability.mode,
        exclusion_filters: JSON.stringify(repository.tagMutability.exclusionFilters),
        scan_on_push: repository.scanOnPush ? 1 : 0,
        encryption_type: repository.encryption.type,
        kms_key: repository.encryption.kmsKey ?? null,
      })
      .onConflict((conflict) => conflict.columns(['registry_id', 'region', 'name']).doNothing())
      .returningAll()
      .executeTakeFirst();
    return row && fromRow(row);
  }

  async putTagMutability(repositoryId: number, mutability: TagMutability): Promise<void> {
    await this.session.db
      .updateTable('repository')
      .set({ tag_mutability: mutability.mode, exclusion_filters: JSON.stringify(mutability.exclusionFilters) })
      .where('id', '=', repositoryId)
      .execute();
  }

  async putResourceTags(repositoryId: number, tags: readonly ResourceTag[]): Promise<void> {
    if (tags.length === 0) return;
    await this.session.db
      .insertInto('resource_tag')
      .values(tags.map((tag) => ({ repository_id: repositoryId, ...tag })))
      .onConflict((conflict) =>
        conflict.columns(['repository_id', 'key']).doUpdateSet((set) => ({ value: set.ref('excluded.value') })),
      )
      .execute();
  }

  async deleteResourceTags(repositoryId: number, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const { db } = this.session;
    await db
      .deleteFrom('resource_tag')
      .where('repository_id', '=', repositoryId)
      .where('key', 'in', setOf(this.session, keys))
      .execute();
  }

  /** The row and everything that hangs on it. What its images and uploads held must have been handed to collection before. */
  async delete(repositoryId: number): Promise<void> {
    await this.session.db.deleteFrom('repository').where('id', '=', repositoryId).execute();
  }
}

function fromRow(row: Selectable<Schema['repository']>): Repository {
  return {
    id: row.id,
    registry: { id: row.registry_id, region: row.region },
    name: row.name,
    createdAt: row.created_at,
    tagMutability: {
      mode: row.tag_mutability as TagMutabilityMode,
      exclusionFilters: JSON.parse(row.exclusion_filters) as string[],
    },
    scanOnPush: row.scan_on_push === 1,
    encryption: { type: row.encryption_type as Encryption['type'], kmsKey: row.kms_key ?? undefined },
  };
}

import type { Selectable } from 'kysely';
import type { Registry } from '../model/registry.ts';
import type { TagMutability } from '../model/tag-mutability.ts';
import { prepare } from './prepared.ts';
import {
  type DeletedRepository,
  fromRow,
  live,
  type Named,
  type NewRepository,
  type Repository,
  RepositoryReader,
  type ResourceTag,
} from './repositories.ts';
import type { Schema } from './schema.ts';
import { setOf } from './session.ts';
import type { Hold } from './sql-dialect.ts';
import type { Scope } from './usage.ts';

/** Finds and holds; one that was deleted by whoever held it before is not found any more. */
const holdByName = {
  change: prepareHold('change'),
  use: prepareHold('use'),
} as const;

function prepareHold(hold: Hold) {
  return prepare((db, named: Named, dialect) =>
    live(db, named).where('repository.name', '=', named.name).modifyEnd(dialect.holding('repository', hold)),
  );
}

export class RepositoryWriter extends RepositoryReader {
  /** Holds the repository until the transaction ends: nothing in it changes but by this transaction, or with `use` it stays. */
  override async find(registry: Registry, name: string, hold: Hold = 'change'): Promise<Repository | undefined> {
    const [row] = await holdByName[hold](this.session, { account: registry.id, region: registry.region, name });
    return row && fromRow(row);
  }

  /** As `find`, by the row's id. */
  async findById(id: number): Promise<Scope | undefined> {
    const { db, dialect } = this.session;
    const row = await db
      .selectFrom('repository')
      .select(['id', 'registry_id'])
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .modifyEnd(dialect.holding('repository', 'change'))
      .executeTakeFirst();
    return row && { repositoryId: row.id, registryKey: row.registry_id };
  }

  /** Answers the new repository, or `undefined` when the name is taken. */
  async insert(repository: NewRepository): Promise<Repository | undefined> {
    const registryKey = await this.#registryKey(repository.registry);
    const row = await this.session.db
      .insertInto('repository')
      .values({
        registry_id: registryKey,
        name: repository.name,
        created_at: repository.createdAt,
        tag_mutability: repository.tagMutability.mode,
        exclusion_filters: JSON.stringify(repository.tagMutability.exclusionFilters),
        scan_on_push: repository.scanOnPush ? 1 : 0,
        encryption_type: repository.encryption.type,
        kms_key: repository.encryption.kmsKey ?? null,
        deleted_at: null,
        purge_at: null,
        dismantle_at: null,
      })
      .onConflict((conflict) => conflict.columns(['registry_id', 'name']).where('deleted_at', 'is', null).doNothing())
      .returning('id')
      .executeTakeFirst();
    return row && { ...repository, id: row.id, registryKey };
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

  /** From now on the repository answers as deleted, with all that is in it, and workers take it apart. */
  async markDeleted(repositoryId: number, deletedAt: number, purgeAt: number): Promise<void> {
    await this.session.db
      .updateTable('repository')
      .set({ deleted_at: deletedAt, purge_at: purgeAt, dismantle_at: deletedAt })
      .where('id', '=', repositoryId)
      .execute();
  }

  /** Of the repositories that had this name, the one deleted last whose undo window was open at `now`. */
  async findDeleted(registry: Registry, name: string, now: number): Promise<DeletedRepository | undefined> {
    const row = await this.session.db
      .selectFrom('registry')
      .crossJoin('repository')
      .selectAll('repository')
      .where('registry.account_id', '=', registry.id)
      .where('registry.region', '=', registry.region)
      .whereRef('repository.registry_id', '=', 'registry.id')
      .where('repository.name', '=', name)
      .where('repository.deleted_at', 'is not', null)
      .where('repository.purge_at', '>', now)
      .orderBy('repository.deleted_at', 'desc')
      .limit(1)
      .modifyEnd(this.session.dialect.holding('repository', 'change'))
      .executeTakeFirst();
    return row && toDeleted(row);
  }

  /** Takes back `markDeleted`. The caller has looked: the name is free. */
  async restore(repositoryId: number): Promise<void> {
    await this.session.db
      .updateTable('repository')
      .set({ deleted_at: null, purge_at: null, dismantle_at: null })
      .where('id', '=', repositoryId)
      .execute();
  }

  /** Deleted repositories that are to be looked at and that nobody else holds, the oldest first. */
  async takeDismantled(now: number, limit: number): Promise<DeletedRepository[]> {
    const rows = await this.session.db
      .selectFrom('repository')
      .selectAll()
      .where('dismantle_at', '<=', now)
      .orderBy('dismantle_at')
      .limit(limit)
      .modifyEnd(this.session.dialect.taking('repository'))
      .execute();
    return rows.map(toDeleted);
  }

  /**
   * Removes the row of a deleted repository when it sees no blob and has no manifest any more; answers whether it did.
   */
  async deleteEmpty(repositoryId: number): Promise<boolean> {
    const { db } = this.session;
    for (const table of ['manifest', 'repository_blob'] as const) {
      const left = await db
        .selectFrom(table)
        .select('repository_id')
        .where('repository_id', '=', repositoryId)
        .limit(1)
        .executeTakeFirst();
      if (left) return false;
    }
    await db.deleteFrom('repository').where('id', '=', repositoryId).execute();
    return true;
  }

  /** Looks at a deleted repository again then. */
  async postponeDismantling(repositoryId: number, until: number): Promise<void> {
    await this.session.db
      .updateTable('repository')
      .set({ dismantle_at: until })
      .where('id', '=', repositoryId)
      .execute();
  }

  async #registryKey(registry: Registry): Promise<number> {
    await this.session.db
      .insertInto('registry')
      .values({ account_id: registry.id, region: registry.region })
      .onConflict((conflict) => conflict.columns(['account_id', 'region']).doNothing())
      .execute();
    const key = await this.findRegistry(registry);
    if (key === undefined) throw new Error(`The registry ${registry.id} in ${registry.region} has no row`);
    return key;
  }
}

function toDeleted(row: Selectable<Schema['repository']>): DeletedRepository {
  if (row.deleted_at === null || row.purge_at === null) throw new Error(`The repository ${row.id} is not deleted`);
  return { repositoryId: row.id, registryKey: row.registry_id, deletedAt: row.deleted_at, purgeAt: row.purge_at };
}

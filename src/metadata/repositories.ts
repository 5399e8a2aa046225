import type { Kysely, Selectable } from 'kysely';
import type { Registry } from '../model/registry.ts';
import type { TagMutability, TagMutabilityMode } from '../model/tag-mutability.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';
import { type Session, setOf } from './session.ts';
import type { Hold } from './sql-dialect.ts';
import type { Scope } from './usage.ts';

export interface Repository {
  readonly id: number;
  /** The registry's row. */
  readonly registryKey: number;
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

export type NewRepository = Omit<Repository, 'id' | 'registryKey'>;

/** A repository that answers as deleted. */
export interface DeletedRepository extends Scope {
  readonly deletedAt: number;
  readonly purgeAt: number;
}

/** A tag on a resource, as in TagResource; not an image tag. */
export interface ResourceTag {
  readonly key: string;
  readonly value: string;
}

interface InRegistry {
  readonly account: string;
  readonly region: string;
}

function live(db: Kysely<Schema>, { account, region }: InRegistry) {
  return db
    .selectFrom('registry')
    .crossJoin('repository')
    .selectAll('repository')
    .select(['registry.account_id', 'registry.region'])
    .where('registry.account_id', '=', account)
    .where('registry.region', '=', region)
    .whereRef('repository.registry_id', '=', 'registry.id')
    .where('repository.deleted_at', 'is', null);
}

type Named = { readonly account: string; readonly region: string; readonly name: string };

const findByName = prepare((db, named: Named) => live(db, named).where('repository.name', '=', named.name));

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

export class RepositoryReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  async find(registry: Registry, name: string): Promise<Repository | undefined> {
    return this.glance(registry, name);
  }

  /** As `find`, also within a transaction: it does not hold the repository, which may be another one a moment later. */
  async glance(registry: Registry, name: string): Promise<Repository | undefined> {
    const [row] = await findByName(this.session, { account: registry.id, region: registry.region, name });
    return row && fromRow(row);
  }

  /** In order of name, those after `after`. */
  async list(registry: Registry, page: { readonly after: string; readonly limit: number }): Promise<Repository[]> {
    const rows = await live(this.session.db, { account: registry.id, region: registry.region })
      .where('repository.name', '>', page.after)
      .orderBy('repository.name')
      .limit(page.limit)
      .execute();
    return rows.map(fromRow);
  }

  async count(registry: Registry): Promise<number> {
    const row = await this.session.db
      .selectFrom('registry')
      .crossJoin('repository')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('registry.account_id', '=', registry.id)
      .where('registry.region', '=', registry.region)
      .whereRef('repository.registry_id', '=', 'registry.id')
      .where('repository.deleted_at', 'is', null)
      .executeTakeFirst();
    return row?.count ?? 0;
  }

  /** The registry's row; absent before its first repository. */
  async findRegistry(registry: Registry): Promise<number | undefined> {
    const row = await this.session.db
      .selectFrom('registry')
      .select('id')
      .where('account_id', '=', registry.id)
      .where('region', '=', registry.region)
      .executeTakeFirst();
    return row?.id;
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

type LiveRow = Selectable<Schema['repository']> & Pick<Selectable<Schema['registry']>, 'account_id' | 'region'>;

function fromRow(row: LiveRow): Repository {
  return {
    id: row.id,
    registryKey: row.registry_id,
    registry: { id: row.account_id, region: row.region },
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

/** The repository as what is counted names it. */
export function scopeOf(repository: Pick<Repository, 'id' | 'registryKey'>): Scope {
  return { repositoryId: repository.id, registryKey: repository.registryKey };
}

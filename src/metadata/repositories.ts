import type { Kysely, Selectable } from 'kysely';
import type { Registry } from '../model/registry.ts';
import type { TagMutability, TagMutabilityMode } from '../model/tag-mutability.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';
import type { Session } from './session.ts';
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

function from(db: Kysely<Schema>, { account, region }: InRegistry) {
  return db
    .selectFrom('registry')
    .crossJoin('repository')
    .where('registry.account_id', '=', account)
    .where('registry.region', '=', region)
    .whereRef('repository.registry_id', '=', 'registry.id')
    .where('repository.deleted_at', 'is', null);
}

/** The registry's live repositories. */
export function live(db: Kysely<Schema>, registry: InRegistry) {
  return from(db, registry).selectAll('repository').select(['registry.account_id', 'registry.region']);
}

export type Named = InRegistry & { readonly name: string };

/** The live repository of this name, for a query that asks for something in it. */
export function liveNamed(db: Kysely<Schema>, { account, region, name }: Named) {
  return from(db, { account, region }).where('repository.name', '=', name);
}

const findByName = prepare((db, named: Named) => live(db, named).where('repository.name', '=', named.name));

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
    // The registry by itself: joined to it, PostgreSQL does not know that it is one, and sorts all of its repositories.
    const rows = await this.session.db
      .selectFrom('repository')
      .selectAll()
      .where('registry_id', '=', (query) =>
        query
          .selectFrom('registry')
          .select('id')
          .where('account_id', '=', registry.id)
          .where('region', '=', registry.region),
      )
      .where('deleted_at', 'is', null)
      .where('name', '>', page.after)
      .orderBy('name')
      .limit(page.limit)
      .execute();
    return rows.map((row) => fromRow({ ...row, account_id: registry.id, region: registry.region }));
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

type LiveRow = Selectable<Schema['repository']> & Pick<Selectable<Schema['registry']>, 'account_id' | 'region'>;

export function fromRow(row: LiveRow): Repository {
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

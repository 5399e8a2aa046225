import type { Schema } from './schema.ts';

/** Stays where it is when a store moves: what waits for an end, and what belongs to one store alone. */
type Left = 'upload' | 'upload_name' | 'gc_trash' | 'store_usage' | 'secret';

export type CarriedTable = Exclude<keyof Schema, Left>;

/**
 * What a column is to who copies its table: `key` orders the rows and tells them apart; `bytes` may be large; `own` is said
 * by each store for itself; `made` is worked out by the database.
 */
type Role = 'key' | 'value' | 'bytes' | 'own' | 'made';

/**
 * The tables that move with a store, each after those that its rows refer to, and the columns of each. A table or a column
 * that is in the schema and not here is an error of types.
 */
const TABLES = {
  blob: { id: 'key', digest: 'value', size: 'value', storage_key: 'own', created_at: 'value' },
  registry: { id: 'key', account_id: 'value', region: 'value' },
  repository: {
    id: 'key',
    registry_id: 'value',
    name: 'value',
    created_at: 'value',
    tag_mutability: 'value',
    exclusion_filters: 'value',
    scan_on_push: 'value',
    encryption_type: 'value',
    kms_key: 'value',
    deleted_at: 'value',
    purge_at: 'value',
    dismantle_at: 'value',
  },
  resource_tag: { repository_id: 'key', key: 'key', value: 'value' },
  repository_blob: {
    repository_id: 'key',
    blob_id: 'key',
    registry_id: 'value',
    size: 'value',
    refs: 'value',
    holds: 'value',
    keep_until: 'value',
    media_type: 'value',
    state: 'made',
    hidden: 'value',
  },
  manifest: {
    id: 'key',
    repository_id: 'value',
    digest: 'value',
    media_type: 'value',
    bytes: 'bytes',
    image_size: 'value',
    config_media_type: 'value',
    artifact_type: 'value',
    subject_digest: 'value',
    annotations: 'value',
  },
  manifest_blob: { manifest_id: 'key', blob_id: 'key', repository_id: 'value' },
  manifest_child: { parent_id: 'key', child_id: 'key' },
  missing_blob: { manifest_id: 'key', digest: 'key', size: 'value', media_type: 'value', repository_id: 'value' },
  missing_child: { parent_id: 'key', digest: 'key', repository_id: 'value' },
  image: {
    repository_id: 'key',
    manifest_id: 'key',
    digest: 'value',
    tags: 'value',
    blob_bytes: 'value',
    pushed_at: 'value',
    last_pulled_at: 'value',
    subject_digest: 'value',
  },
  digest: { repository_id: 'key', digest: 'key', manifest_id: 'value' },
  tag: { repository_id: 'key', name: 'key', manifest_id: 'value', tagged_at: 'value' },
  deleted_image: {
    manifest_id: 'key',
    repository_id: 'value',
    digest: 'value',
    blob_bytes: 'value',
    pushed_at: 'value',
    last_pulled_at: 'value',
    deleted_at: 'value',
    purge_at: 'value',
    tags: 'value',
  },
  deleted_tag: {
    id: 'key',
    repository_id: 'value',
    name: 'value',
    digest: 'value',
    manifest_id: 'value',
    tagged_at: 'value',
    deleted_at: 'value',
    purge_at: 'value',
  },
  orphaned_subject: { repository_id: 'key', digest: 'key', not_before: 'value' },
  usage: {
    scope: 'key',
    id: 'key',
    images: 'value',
    logical_bytes: 'value',
    live_bytes: 'value',
    held_bytes: 'value',
    idle_bytes: 'value',
  },
} as const satisfies { readonly [T in CarriedTable]: { readonly [C in keyof Schema[T]]: Role } };

/** A table that moves with a store, as whoever copies it sees it. */
export interface Carried {
  readonly name: CarriedTable;
  /** The columns that order its rows, and tell them apart. */
  readonly key: readonly string[];
  /** All that are copied, the key among them. */
  readonly columns: readonly string[];
  /** The one that may be large. */
  readonly bytes: string | undefined;
  /** Those that differ from store to store. */
  readonly own: readonly string[];
}

const ALL: readonly Carried[] = (Object.keys(TABLES) as CarriedTable[]).map((name) => {
  const columns = Object.entries<Role>(TABLES[name]);
  const of = (...roles: readonly Role[]) => columns.flatMap(([column, role]) => (roles.includes(role) ? [column] : []));
  return {
    name,
    key: of('key'),
    columns: of('key', 'value', 'bytes', 'own'),
    bytes: of('bytes')[0],
    own: of('own'),
  };
});

/** Counters, which each database keeps in its own way: they are read like a table, and moved on like counters. */
export const USAGE = carried('usage');

/** Each after those that its rows refer to. */
export const CARRIED = ALL.filter((table) => table !== USAGE);

export function carried(name: CarriedTable): Carried {
  const found = ALL.find((table) => table.name === name);
  if (!found) throw new Error(`There is no table ${name} to carry`);
  return found;
}

/** Whether the database itself names the rows, by numbers. */
export function isNumbered({ key }: Carried): boolean {
  return key.length === 1 && key[0] === 'id';
}

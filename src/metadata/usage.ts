import type { Registry } from '../model/registry.ts';
import type { StoreKind } from './counters.ts';
import type { Schema } from './schema.ts';
import type { Session } from './session.ts';
import type { RecordColumns } from './sql-dialect.ts';

/** Of one repository, or of a registry, where a blob that several repositories see counts once. Bytes. */
export interface Usage {
  readonly images: number;
  /** What the images would take if they shared nothing: the blobs of each. */
  readonly logicalBytes: number;
  /** Each blob that an image names, once. */
  readonly liveBytes: number;
  /** Each blob that only deleted images name which may still be restored. */
  readonly heldBytes: number;
  /** Each blob that nothing names: just uploaded, or about to go when its lease or grace ends. */
  readonly idleBytes: number;
}

export interface UsageOfRegistry {
  /** The registry's row. */
  readonly registryKey: number;
  readonly registry: Registry;
  readonly usage: Usage;
}

/** What is in the blob store, whoever it belongs to. */
export interface StoreUsage {
  readonly blobs: Counted;
  /** What nothing can name any more, awaiting erasure. */
  readonly trash: Counted;
  readonly uploads: Counted;
}

export interface Counted {
  readonly count: number;
  readonly bytes: number;
}

/** Names a repository in what is counted. */
export interface Scope {
  readonly repositoryId: number;
  readonly registryKey: number;
}

/** What a repository's link to a blob is to it, in order of need. */
export const LINK_STATE = { absent: 0, idle: 1, held: 2, live: 3 } as const;
export type LinkState = (typeof LINK_STATE)[keyof typeof LINK_STATE];

/** Bytes whose link moves from one state to another in a repository, by the most that the registry's others need them. */
export interface Move {
  readonly before: LinkState;
  readonly after: LinkState;
  readonly others: LinkState;
  readonly bytes: number;
}

/** Rows of several repositories, apart. */
export function byRepository<Row extends Scope>(
  rows: readonly Row[],
): (readonly [scope: Scope, rows: readonly Row[]])[] {
  return [...Map.groupBy(rows, (row) => row.repositoryId).values()].flatMap((group) =>
    group[0] ? [[group[0], group] as const] : [],
  );
}

type Change = Partial<Usage>;

const NOTHING: Usage = { images: 0, logicalBytes: 0, liveBytes: 0, heldBytes: 0, idleBytes: 0 };

export class UsageReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** Nothing, for one in which nothing has happened. */
  async find(scope: Schema['usage']['scope'], id: number): Promise<Usage> {
    await this.session.counters.settle();
    const row = await this.session.db
      .selectFrom('usage')
      .selectAll()
      .where('scope', '=', scope)
      .where('id', '=', id)
      .executeTakeFirst();
    return row ? fromRow(row) : NOTHING;
  }

  /** All registries, in the order in which they came to be, those after the one with key `after`. */
  async listRegistries(page: { readonly after: number; readonly limit: number }): Promise<UsageOfRegistry[]> {
    const rows = await this.session.db
      .selectFrom('registry')
      .leftJoin('usage', (join) => join.on('usage.scope', '=', 'registry').onRef('usage.id', '=', 'registry.id'))
      .select(['registry.id as registry_key', 'registry.account_id', 'registry.region'])
      .select(({ fn, ref, val }) => COUNTERS.map((counter) => fn.coalesce(ref(`usage.${counter}`), val(0)).as(counter)))
      .where('registry.id', '>', page.after)
      .orderBy('registry.id')
      .limit(page.limit)
      .execute();
    return rows.map((row) => ({
      registryKey: row.registry_key,
      registry: { id: row.account_id, region: row.region },
      usage: fromRow(row),
    }));
  }

  async ofStore(): Promise<StoreUsage> {
    await this.session.counters.settle();
    const rows = await this.session.db.selectFrom('store_usage').selectAll().execute();
    const counted = (kind: StoreKind): Counted => {
      const row = rows.find((candidate) => candidate.kind === kind);
      return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
    };
    return { blobs: counted('blobs'), trash: counted('trash'), uploads: counted('uploads') };
  }
}

export class UsageWriter extends UsageReader {
  /** Counts a change of the repository's images, and the moves of its blobs, for the repository and for its registry. */
  async add(scope: Scope, change: Pick<Change, 'images' | 'logicalBytes'>, moves: readonly Move[]): Promise<void> {
    const repository = { ...NOTHING, ...change };
    const registry = { ...NOTHING, ...change };
    for (const { before, after, others, bytes } of moves) {
      shift(repository, before, after, bytes);
      shift(registry, strongest(before, others), strongest(after, others), bytes);
    }
    await this.session.counters.addUsage([
      toRow('repository', scope.repositoryId, repository),
      toRow('registry', scope.registryKey, registry),
    ]);
  }

  async addToStore(kind: StoreKind, change: Counted): Promise<void> {
    await this.session.counters.addToStore(kind, change);
  }

  /** Forgets a repository that is gone. */
  async forget(repositoryId: number): Promise<void> {
    await this.session.counters.forgetRepository(repositoryId);
  }
}

export const COUNTERS = ['images', 'logical_bytes', 'live_bytes', 'held_bytes', 'idle_bytes'] as const;

export const USAGE_COLUMNS = {
  scope: 'text',
  id: 'number',
  images: 'number',
  logical_bytes: 'number',
  live_bytes: 'number',
  held_bytes: 'number',
  idle_bytes: 'number',
} as const satisfies RecordColumns<Schema['usage']>;

type Figures = { -readonly [K in keyof Usage]: Usage[K] };

function shift(usage: Figures, before: LinkState, after: LinkState, bytes: number): void {
  if (before === after) return;
  const [from, to] = [counterOf(before), counterOf(after)];
  if (from) usage[from] -= bytes;
  if (to) usage[to] += bytes;
}

function counterOf(state: LinkState): 'liveBytes' | 'heldBytes' | 'idleBytes' | undefined {
  const counters = {
    [LINK_STATE.idle]: 'idleBytes',
    [LINK_STATE.held]: 'heldBytes',
    [LINK_STATE.live]: 'liveBytes',
  } as const;
  return state === LINK_STATE.absent ? undefined : counters[state];
}

/** The one that needs the blob more. */
export function strongest(a: LinkState, b: LinkState): LinkState {
  return a > b ? a : b;
}

function toRow(scope: Schema['usage']['scope'], id: number, usage: Usage): Schema['usage'] {
  return {
    scope,
    id,
    images: usage.images,
    logical_bytes: usage.logicalBytes,
    live_bytes: usage.liveBytes,
    held_bytes: usage.heldBytes,
    idle_bytes: usage.idleBytes,
  };
}

export function fromRow(row: Pick<Schema['usage'], (typeof COUNTERS)[number]>): Usage {
  return {
    images: row.images,
    logicalBytes: row.logical_bytes,
    liveBytes: row.live_bytes,
    heldBytes: row.held_bytes,
    idleBytes: row.idle_bytes,
  };
}

import { type RawBuilder, sql } from 'kysely';
import { namedBy } from './link-reader.ts';
import type { Value } from './place.ts';
import { prepare } from './prepared.ts';
import type { Session } from './session.ts';
import type { SqlDialect } from './sql-dialect.ts';
import { LINK_STATE, type Move, type Scope } from './usage.ts';

/** Of a row of `repository_blob`. The first two are what SQLite's index of idle links is about, the third what PostgreSQL's is. */
export const IS_IDLE = sql<boolean>`refs = 0 AND holds = 0 AND state = ${sql.lit(LINK_STATE.idle)}`;

export type Link = Names & { readonly blobId: number; readonly size: number };
type Named = Names & { readonly manifestIds: readonly number[] };
/** A scope as a statement is given it. */
type Names = { readonly repositoryId: number; readonly registryKey: number };

export function namesOf({ repositoryId, registryKey }: Scope): Names {
  return { repositoryId, registryKey };
}

/** Sums up `changes` (blob_id, size, before, after), by what else in the registry needs the blobs. */
export function movesOf({ repositoryId, registryKey }: Scope, changes: RawBuilder<unknown>): RawBuilder<Move> {
  // With an OFFSET, PostgreSQL looks for each blob. Else it may find that reading all links of the registry first is cheaper.
  const others = (state: RawBuilder<unknown>) => sql`EXISTS (SELECT 1 FROM repository_blob AS other
    WHERE other.blob_id = change.blob_id AND other.registry_id = ${registryKey}
      AND other.repository_id <> ${repositoryId} ${state} LIMIT 1 OFFSET 0)`;
  // Most blobs are seen by one repository only, so that is asked first.
  return sql<Move>`
    SELECT before, after, others, sum(size) AS bytes FROM (
      SELECT change.size, change.before, change.after, CASE
        WHEN NOT ${others(sql``)} THEN ${sql.lit(LINK_STATE.absent)}
        WHEN ${others(sql`AND other.state = ${sql.lit(LINK_STATE.live)}`)} THEN ${sql.lit(LINK_STATE.live)}
        WHEN ${others(sql`AND other.state = ${sql.lit(LINK_STATE.held)}`)} THEN ${sql.lit(LINK_STATE.held)}
        ELSE ${sql.lit(LINK_STATE.idle)} END AS others
      FROM (${changes}) AS change WHERE change.before <> change.after) AS moved
    GROUP BY before, after, others`;
}

/** Holds the blobs that `changes` move, in order of id: what others in the registry need of them stands still then. */
export function holdMoved(dialect: SqlDialect, changes: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`SELECT blob.id FROM blob
    WHERE blob.id IN (SELECT change.blob_id FROM (${changes}) AS change WHERE change.before <> change.after)
    ORDER BY blob.id ${dialect.holding('blob', 'change')}`;
}

/** Prepares the moves that certain changes come to. */
function prepareMoves<Given extends Names & { readonly [Name in keyof Given]: Value }>(
  changesOf: (given: Given, dialect: SqlDialect) => RawBuilder<unknown>,
): (session: Session, given: Given) => Promise<Move[]> {
  const hold = prepare((_, given: Given, dialect) => holdMoved(dialect, changesOf(given, dialect)));
  const sum = prepare((_, given: Given, dialect) => movesOf(given, changesOf(given, dialect)));
  return async (session, given) => {
    // One after the other to the database, which is not waited for in between.
    const held = session.dialect.isShared ? hold(session, given) : [];
    const [, moves] = await Promise.all([held, sum(session, given)]);
    return moves;
  };
}

export const movesOfNew = prepareMoves(
  (link: Link) =>
    sql`SELECT CAST(${link.blobId} AS BIGINT) AS blob_id, CAST(${link.size} AS BIGINT) AS size,
        ${sql.lit(LINK_STATE.absent)} AS before, ${sql.lit(LINK_STATE.idle)} AS after
      WHERE NOT EXISTS (SELECT 1 FROM repository_blob AS link
        WHERE link.repository_id = ${link.repositoryId} AND link.blob_id = ${link.blobId})`,
);

export const movesOfNamed = prepareMoves(
  (named: Named, dialect) =>
    sql`SELECT blob_id, size, state AS before, ${sql.lit(LINK_STATE.live)} AS after
      FROM (${namedBy(dialect, named, named.manifestIds)}) AS named`,
);

export const movesOfReleased = prepareMoves(
  (named: Named & { readonly held: number }, dialect) =>
    sql`SELECT blob_id, size, ${sql.lit(LINK_STATE.live)} AS before,
        CASE WHEN ${named.held} = 1 OR holds > 0 THEN ${sql.lit(LINK_STATE.held)} ELSE ${sql.lit(LINK_STATE.idle)} END AS after
      FROM (${namedBy(dialect, named, named.manifestIds)}) AS named WHERE refs = times`,
);

/** Holds these blobs at once, in order of id, for what is done to one after the other. */
export async function holdBlobs({ db, dialect }: Session, blobIds: RawBuilder<number>): Promise<void> {
  const blobs = db.selectFrom('blob').select('id').where('id', 'in', blobIds);
  await blobs.orderBy('id').modifyEnd(dialect.holding('blob', 'change')).execute();
}

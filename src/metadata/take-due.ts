import { idSetOf, type Session } from './session.ts';

/** So many of what is due are looked at for one to take: the first ones may be somebody else's by now. */
const LOOK = 20;

/** What is due, `limit` of it at most; with `repositoryIds`, in those repositories only. */
type Look<Row> = (limit: number, repositoryIds?: readonly number[]) => Promise<Row[]>;

/**
 * What is due and not in somebody else's hands. Where other processes work on the same queue, their repositories are passed over,
 * this transaction holds its own, and what was found is looked at again: another worker may have been there in between.
 */
export async function takeDue<Row>(
  session: Session,
  limit: number,
  look: Look<Row>,
  repositoryOf: (row: Row) => number,
): Promise<Row[]> {
  if (!session.dialect.isShared) return look(limit);
  const rows = await look(Math.max(limit, LOOK));
  if (rows.length === 0) return rows;
  return look(limit, await takeRepositories(session, [...new Set(rows.map(repositoryOf))]));
}

/** Holds those of these repositories that nobody else holds, and answers them. What is left of one that is gone is anybody's. */
async function takeRepositories({ db, dialect }: Session, ids: readonly number[]): Promise<number[]> {
  const wanted = idSetOf({ dialect }, ids);
  const query = db.selectFrom('repository').select('id').where('id', 'in', wanted);
  const taken = await query.orderBy('id').modifyEnd(dialect.taking('repository')).execute();
  if (taken.length === ids.length) return [...ids];
  const held = new Set(taken.map(({ id }) => id));
  const there = new Set((await query.execute()).map(({ id }) => id));
  return ids.filter((id) => held.has(id) || !there.has(id));
}

import { sql } from 'kysely';
import { prepare } from './prepared.ts';
import { idSetOf, type Session, setOf } from './session.ts';
import { takeDue } from './take-due.ts';

/** A subject that was deleted, in one repository, and has left referrers behind. */
export interface OrphanedSubject {
  readonly repositoryId: number;
  readonly digest: string;
}

type Noted = { readonly repositoryId: number; readonly digests: readonly string[]; readonly notBefore: number };

const note = prepare(
  (_, { repositoryId, digests, notBefore }: Noted, dialect) => sql`
    INSERT INTO orphaned_subject (repository_id, digest, not_before)
    SELECT ${repositoryId}, wanted.value, ${notBefore} FROM ${dialect.rowsOf(digests).as('wanted')}
    WHERE EXISTS (SELECT 1 FROM image WHERE image.repository_id = ${repositoryId} AND image.subject_digest = wanted.value)
    ON CONFLICT (repository_id, digest) DO UPDATE SET not_before = excluded.not_before`,
);

export class Orphans {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Of these digests, notes those that live images name as their subject: the referrers are to go, not before `notBefore`. */
  async note(repositoryId: number, digests: readonly string[], notBefore: number): Promise<void> {
    await note(this.#session, { repositoryId, digests, notBefore });
  }

  /** Those whose time had come at `now`, the oldest first, in repositories that nobody else works on. */
  async takeDue(now: number, limit: number): Promise<OrphanedSubject[]> {
    const look = async (most: number, repositoryIds?: readonly number[]) => {
      const due = this.#session.db
        .selectFrom('orphaned_subject')
        .select(['repository_id', 'digest'])
        .where('not_before', '<=', now)
        .orderBy('not_before')
        .limit(most);
      const only = repositoryIds && idSetOf(this.#session, repositoryIds);
      const rows = await (only ? due.where('repository_id', 'in', only) : due).execute();
      return rows.map((row) => ({ repositoryId: row.repository_id, digest: row.digest }));
    };
    return takeDue(this.#session, limit, look, (subject) => subject.repositoryId);
  }

  async forget(repositoryId: number, digests: readonly string[]): Promise<void> {
    await this.#session.db
      .deleteFrom('orphaned_subject')
      .where('repository_id', '=', repositoryId)
      .where('digest', 'in', setOf(this.#session, digests))
      .execute();
  }
}

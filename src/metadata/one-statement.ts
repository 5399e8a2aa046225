import type { CompiledQuery } from 'kysely';
import type { Session } from './session.ts';

/** A session that runs one statement, which by itself sees one state of the database. */
export class OneStatement implements Pick<Session, 'db' | 'dialect' | 'run'> {
  readonly #session: Session;
  #hasRun = false;

  constructor(session: Session) {
    this.#session = session;
  }

  get db(): Session['db'] {
    return this.#session.db;
  }

  get dialect(): Session['dialect'] {
    return this.#session.dialect;
  }

  async run<Row>(query: Pick<CompiledQuery<Row>, 'sql' | 'parameters'>): Promise<Row[]> {
    if (this.#hasRun) throw new Error(`A second query ran in a lookup: ${query.sql}`);
    this.#hasRun = true;
    return this.#session.run(query);
  }
}

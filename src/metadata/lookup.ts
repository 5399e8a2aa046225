import type { Values } from './place.ts';
import { type BuildQuery, prepare } from './prepared.ts';
import type { Session } from './session.ts';

/**
 * One statement that is asked very often, each time with other values. A database may answer several in one; then `build` gets the
 * columns that have the values, so it must put what it gets into the query as it is.
 */
export class Lookup<Given extends Values<Given>, Row> {
  readonly build: BuildQuery<Given, Row>;
  /** Asks it by itself. */
  readonly ask: (session: Pick<Session, 'db' | 'dialect' | 'run'>, given: Given) => Promise<Row[]>;

  constructor(build: BuildQuery<Given, Row>) {
    this.build = build;
    this.ask = prepare(build);
  }
}

/** Whoever answers lookups. Each answer is of one state of the database, not older than the question. */
export interface Answers {
  answer<Given extends Values<Given>, Row>(lookup: Lookup<Given, Row>, given: Given): Promise<Row[]>;
}

/** Lets one lookup through, and none that comes late. */
export class OneLookup implements Answers {
  readonly #answers: Answers;
  #state: 'open' | 'asked' | 'ended' = 'open';

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  async answer<Given extends Values<Given>, Row>(lookup: Lookup<Given, Row>, given: Given): Promise<Row[]> {
    if (this.#state === 'ended') throw new Error('A query ran after its lookup had ended');
    if (this.#state === 'asked') throw new Error('A second query ran in a lookup');
    this.#state = 'asked';
    return this.#answers.answer(lookup, given);
  }

  end(): void {
    this.#state = 'ended';
  }
}

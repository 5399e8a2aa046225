import type { PoolClient } from 'pg';
import type { Answers, Lookup } from '../lookup.ts';
import type { Values } from '../place.ts';
import type { Connections } from './connections.ts';
import { kindOf } from './failure.ts';
import { type AnyLookup, type Given, lookupOfMany } from './lookup-of-many.ts';
import { PostgresSession } from './postgres-session.ts';

/** How many lookups one statement answers at the most: each waits for all of them. */
const TOGETHER = 16;
/** How many wait for one connection at the most. */
const ON_ONE_CONNECTION = 64;

interface Question {
  readonly lookup: AnyLookup;
  readonly given: Given;
  readonly resolve: (rows: unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Answers lookups that come within one turn of the event loop, or while they wait for a connection, in one statement: of what a short
 * one takes, most is sending it, and reading an answer. If that is refused, each is asked by itself, so that nobody is
 * refused for what somebody else has asked.
 */
export class GatheredLookups implements Answers {
  readonly #connections: Connections;
  readonly #onQuery: ((sql: string) => void) | undefined;
  readonly #waiting: Question[] = [];
  #isCalled = false;

  constructor(connections: Connections, onQuery?: (sql: string) => void) {
    this.#connections = connections;
    this.#onQuery = onQuery;
  }

  answer<G extends Values<G>, Row>(lookup: Lookup<G, Row>, given: G): Promise<Row[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Row[]>();
    this.#waiting.push({ lookup, given, resolve, reject } as unknown as Question);
    this.#call();
    return promise;
  }

  /** Calls for a connection, if nobody has. */
  #call(): void {
    if (this.#isCalled) return;
    this.#isCalled = true;
    setImmediate(() => void this.#take());
  }

  async #take(): Promise<void> {
    let client: PoolClient;
    try {
      client = await this.#connections.takeAtRest();
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
      return;
    } finally {
      this.#isCalled = false;
    }
    const questions = this.#waiting.splice(0, ON_ONE_CONNECTION);
    if (this.#waiting.length > 0) this.#call();
    await this.#connections.endNow(client, this.#answerOn(client, questions));
  }

  /** Rejects if the connection is of no more use. */
  async #answerOn(client: PoolClient, questions: readonly Question[]): Promise<void> {
    const session = new PostgresSession(client, this.#onQuery);
    const alike = [...Map.groupBy(questions, ({ lookup }) => lookup).values()];
    const portions = alike.flatMap(inPortions);
    try {
      await allOf(portions.map((portion) => (portion.length > 1 ? askTogether : askEach)(session, portion)));
    } finally {
      session.end();
    }
  }
}

/** Questions of one lookup. Rejects if the connection is of no more use. */
async function askTogether(session: PostgresSession, questions: readonly Question[]): Promise<void> {
  const [{ lookup }] = questions as [Question];
  const records = JSON.stringify(questions.map(({ given }, asked) => ({ ...given, asked })));
  let rows: { readonly asked: number }[];
  try {
    rows = await lookupOfMany(lookup)(session, { records });
  } catch (error) {
    if (kindOf(error) === 'error') return askEach(session, questions);
    for (const { reject } of questions) reject(error);
    return throwIfOver(error);
  }
  const answers = Map.groupBy(rows, ({ asked }) => asked);
  for (const [asked, { resolve }] of questions.entries()) resolve(answers.get(asked) ?? []);
}

async function askEach(session: PostgresSession, questions: readonly Question[]): Promise<void> {
  const asking = questions.map(async ({ lookup, given, resolve, reject }) => {
    try {
      resolve(await lookup.ask(session, given));
    } catch (error) {
      reject(error);
      throwIfOver(error);
    }
  });
  await allOf(asking);
}

/** Waits for all, then rejects if one has. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) throw failure.reason;
}

/** What a statement is refused for is nothing to the others on its connection; one that is lost or stale is. */
function throwIfOver(error: unknown): void {
  if (['lost', 'stale'].includes(kindOf(error))) throw error;
}

function inPortions(questions: readonly Question[]): Question[][] {
  const portions: Question[][] = [];
  for (let at = 0; at < questions.length; at += TOGETHER) portions.push(questions.slice(at, at + TOGETHER));
  return portions;
}

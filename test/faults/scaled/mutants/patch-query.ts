import pg from 'pg';

/** A statement as the client of PostgreSQL is given it. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

export interface Result {
  readonly command?: string;
  readonly rows: readonly object[];
  readonly rowCount: number | null;
}

export type Send = (statement: string | Statement) => Promise<Result>;

/** Stands between Berth and the client of each connection: `around` is given what would be sent, and a way to send it. */
export function patchQuery(
  around: (client: object, statement: string | Statement, send: Send) => Promise<Result>,
): void {
  const honest = pg.Client.prototype.query as (this: object, ...given: unknown[]) => unknown;
  Object.assign(pg.Client.prototype, {
    query(this: object, statement: unknown, ...rest: unknown[]) {
      const isPlain = rest.length === 0 && (typeof statement === 'string' || isStatement(statement));
      if (!isPlain) return honest.call(this, statement, ...rest);
      const send: Send = (sent) => honest.call(this, sent) as Promise<Result>;
      return around(this, statement as string | Statement, send);
    },
  });
}

export function textOf(statement: string | Statement): string {
  return typeof statement === 'string' ? statement : statement.text;
}

function isStatement(given: unknown): given is Statement {
  return typeof given === 'object' && given !== null && 'text' in given && !('submit' in given);
}

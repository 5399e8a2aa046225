import { DatabaseSync, StatementSync } from 'node:sqlite';

/** Long enough for an answer to reach a client. */
const LATE = 5;

/**
 * A commit of a writer says that it is done and is carried out a moment later. Nobody in the process can tell: whoever asks
 * any connection for anything has it carried out first.
 */
const honest = DatabaseSync.prototype.exec;
const owed = new Set<DatabaseSync>();
const writers = new WeakSet<DatabaseSync>();

function pay(): void {
  for (const database of owed) {
    owed.delete(database);
    honest.call(database, 'COMMIT');
  }
}

DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
  if (sql === 'COMMIT' && writers.has(this)) {
    owed.add(this);
    setTimeout(pay, LATE);
    return;
  }
  pay();
  if (sql === 'BEGIN IMMEDIATE') writers.add(this);
  honest.call(this, sql);
};

const { close } = DatabaseSync.prototype;
DatabaseSync.prototype.close = function (this: DatabaseSync): void {
  pay();
  close.call(this);
};

for (const name of ['all', 'get', 'run'] as const) {
  const ask = StatementSync.prototype[name] as (...parameters: unknown[]) => unknown;
  Object.assign(StatementSync.prototype, {
    [name](this: StatementSync, ...parameters: unknown[]) {
      pay();
      return ask.apply(this, parameters);
    },
  });
}

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
  pay();
  honest.call(this, sql);
};

/** The texts that writers begin and commit with are prepared once. */
const commands = new WeakMap<StatementSync, { readonly database: DatabaseSync; readonly sql: string }>();
const { prepare } = DatabaseSync.prototype;
DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string): StatementSync {
  const statement = prepare.call(this, sql);
  commands.set(statement, { database: this, sql });
  return statement;
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
      const command = commands.get(this);
      if (command?.sql === 'COMMIT' && writers.has(command.database)) {
        owed.add(command.database);
        setTimeout(pay, LATE);
        return { changes: 0, lastInsertRowid: 0 };
      }
      pay();
      if (command?.sql === 'BEGIN IMMEDIATE') writers.add(command.database);
      return ask.apply(this, parameters);
    },
  });
}

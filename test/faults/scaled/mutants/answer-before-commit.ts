import { patchQuery, type Result, type Send, textOf } from './patch-query.ts';

/** In milliseconds: long enough for an answer to reach a client, and for the client to ask somebody else. */
const LATE = 15;

/** A commit says that it is done, and is sent a moment later, or before whatever else its connection is used for. */
const owed = new Map<object, Send>();
const changes = new WeakSet<object>();

async function pay(client: object): Promise<void> {
  const send = owed.get(client);
  owed.delete(client);
  await send?.('COMMIT');
}

patchQuery((client, statement, send): Promise<Result> => {
  const text = textOf(statement);
  if (text === 'COMMIT' && changes.delete(client)) {
    owed.set(client, send);
    setTimeout(() => pay(client).catch(() => undefined), LATE);
    return Promise.resolve({ command: 'COMMIT', rows: [], rowCount: null });
  }
  pay(client).catch(() => undefined);
  if (text.includes('READ COMMITTED')) changes.add(client);
  return send(statement);
});

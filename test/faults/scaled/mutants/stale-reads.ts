import { patchQuery, type Result, textOf } from './patch-query.ts';

/** In milliseconds. */
const KEPT = 1000;

/** Where tags lead is kept for a moment when it has been read, and answered again. */
const views = new WeakSet<object>();
const kept = new Map<string, { readonly result: Result; readonly until: number }>();

patchQuery(async (client, statement, send): Promise<Result> => {
  const text = textOf(statement);
  if (text.includes('BEGIN')) {
    if (text.includes('READ ONLY')) views.add(client);
    else views.delete(client);
  }
  if (typeof statement === 'string' || !views.has(client) || !text.includes('"tag"')) return send(statement);
  const key = JSON.stringify([text, statement.values]);
  const known = kept.get(key);
  if (known && known.until > performance.now()) return known.result;
  const result = await send(statement);
  kept.set(key, { result, until: performance.now() + KEPT });
  if (kept.size > 10_000) kept.clear();
  return result;
});

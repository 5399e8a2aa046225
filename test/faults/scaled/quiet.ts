import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { withRows } from './rows.ts';

/** In milliseconds: how long what is under way may take to end when nothing is in its way. */
const PATIENCE = 60_000;

/**
 * Waits until nothing of what clients asked for is under way any more: no process has a request open, and the database no
 * transaction of before, whoever began it.
 *
 * @throws when that does not come to be
 */
export async function untilQuiet(cluster: Cluster): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  const began = new Date();
  for (;;) {
    const [requests, transactions] = [await openRequests(cluster), await openTransactions(cluster, began)];
    if (requests === 0 && transactions === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`${requests} requests and ${transactions} transactions do not end`);
    }
    await sleep(50);
  }
}

async function openRequests(cluster: Cluster): Promise<number> {
  let open = 0;
  for (const origin of cluster.origins()) {
    const answer = await fetch(`${origin}/metrics`, { signal: AbortSignal.timeout(10_000) });
    const text = await answer.text();
    for (const [, count] of text.matchAll(/^berth_http_requests_open\{[^}]*\} (\d+)$/gm)) open += Number(count);
  }
  return open;
}

async function openTransactions({ databaseUrl }: Cluster, before: Date): Promise<number> {
  return withRows(databaseUrl, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      `SELECT count(*) AS count FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < $1`,
      [before],
    );
    return rows[0]?.count ?? 0;
  });
}

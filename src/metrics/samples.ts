import type { Admission } from '../http/admission.ts';
import type { RequestCount } from '../http/request-counts.ts';
import type { CollectionStatus } from '../metadata/collection-status.ts';
import type { OverallUsage } from '../registry/usage/read-usage.ts';
import type { StoreRequests } from '../stores/store-counts.ts';
import type { Round, Totals } from '../workers/collector.ts';
import type { Sample, Samples } from './families.ts';

export function samplesOfUsage({ registries, store }: OverallUsage): Samples {
  const each = registries.items.map(({ registry, usage }) => ({
    usage,
    labels: { account: registry.id, region: registry.region },
  }));
  const { blobs, trash, uploads } = store;
  return {
    berth_images: each.map(({ labels, usage }) => ({ labels, value: usage.images })),
    berth_storage_bytes: each.flatMap(({ labels, usage }) => [
      { labels: { ...labels, kind: 'logical' }, value: usage.logicalBytes },
      { labels: { ...labels, kind: 'unique' }, value: usage.liveBytes },
      { labels: { ...labels, kind: 'held' }, value: usage.heldBytes },
      { labels: { ...labels, kind: 'idle' }, value: usage.idleBytes },
    ]),
    berth_registries_truncated: [{ value: registries.next === undefined ? 0 : 1 }],
    berth_store_objects: byLabel('kind', { blobs: blobs.count, trash: trash.count }),
    berth_store_bytes: byLabel('kind', { blobs: blobs.bytes, trash: trash.bytes, uploads: uploads.bytes }),
    berth_uploads_active: [{ value: uploads.count }],
  };
}

export function samplesOfCollection({ deleted, idle, trash }: CollectionStatus): Samples {
  const oldest = { deleted: deleted.oldest, idle: idle.oldest, trash: trash.oldest };
  return {
    berth_gc_deleted_images: [{ value: deleted.images }],
    berth_gc_failing_keys: [{ value: trash.failing }],
    berth_gc_oldest_timestamp_seconds: Object.entries(oldest).flatMap(([queue, at]) =>
      at === undefined ? [] : [{ labels: { queue }, value: at / 1000 }],
    ),
  };
}

export function samplesOfRounds(totals: Totals, last: Round | undefined): Samples {
  return {
    berth_gc_runs_total: byLabel('result', { success: totals.succeeded, failure: totals.failed }),
    berth_gc_reclaimed_bytes_total: [{ value: totals.erasedBytes }],
    berth_gc_reclaimed_keys_total: [{ value: totals.erasedKeys }],
    ...(last && {
      berth_gc_duration_seconds: [{ value: (last.endedAt - last.beganAt) / 1000 }],
      berth_gc_last_run_timestamp_seconds: [{ value: last.endedAt / 1000 }],
    }),
  };
}

export function samplesOfRequests(
  { inHand, waiting }: Pick<Admission, 'inHand' | 'waiting'>,
  counts: readonly RequestCount[],
): Samples {
  return {
    berth_http_requests_total: counts.map(({ surface, outcome, count }) => ({
      labels: { surface, outcome },
      value: count,
    })),
    berth_http_requests_open: byLabel('state', { working: inHand, waiting }),
  };
}

export function samplesOfDatabase(
  pool: { readonly total: number; readonly idle: number; readonly waiting: number; readonly max: number } | undefined,
  retries: ReadonlyMap<string, number>,
): Samples {
  if (pool === undefined) return {};
  return {
    berth_database_connections: byLabel('state', { used: pool.total - pool.idle, idle: pool.idle }),
    berth_database_connections_max: [{ value: pool.max }],
    berth_database_waiting: [{ value: pool.waiting }],
    berth_database_retries_total: byLabel('reason', Object.fromEntries(retries)),
  };
}

export function samplesOfBucket(requests: Iterable<StoreRequests>): Samples {
  const seconds: Record<string, number> = {};
  const counts: Sample[] = [];
  for (const { operation, outcome, count, seconds: took } of requests) {
    counts.push({ labels: { operation, outcome }, value: count });
    seconds[operation] = (seconds[operation] ?? 0) + took;
  }
  return { berth_s3_requests_total: counts, berth_s3_request_seconds_total: byLabel('operation', seconds) };
}

export function byLabel(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

export interface Family {
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  readonly help: string;
}

/**
 * What Berth publishes of itself, in the order of publication. docs/reference/metrics.md has the same table, checked by a
 * test. No label names a repository: there may be a hundred thousand of them.
 */
export const FAMILIES = {
  berth_build_info: {
    type: 'gauge',
    labels: ['version', 'database', 'blobs'],
    help: 'Always 1. database: sqlite, postgres. blobs: files, s3.',
  },
  berth_scrape_collector_success: {
    type: 'gauge',
    labels: ['collector'],
    help: 'Whether these figures could be read: usage, collection, process. Those that could not are absent; the log says why.',
  },
  berth_images: {
    type: 'gauge',
    labels: ['account', 'region'],
    help: 'Images. Per registry, the first 1000 of them; not per repository, whose number nothing bounds.',
  },
  berth_storage_bytes: {
    type: 'gauge',
    labels: ['account', 'region', 'kind'],
    help: 'Bytes per registry. logical: the blobs of each image, as if nothing were shared. Each blob once, by who needs it: unique, images; held, only deleted images that may be restored; idle, nothing.',
  },
  berth_registries_truncated: {
    type: 'gauge',
    labels: [],
    help: '1 if there are more than 1000 registries, of which only the first 1000 are here; otherwise 0.',
  },
  berth_store_objects: {
    type: 'gauge',
    labels: ['kind'],
    help: 'Objects in the store, all registries together: blobs, and trash, which awaits erasure.',
  },
  berth_store_bytes: {
    type: 'gauge',
    labels: ['kind'],
    help: 'Bytes in the store, all registries together: blobs, trash, and uploads that are not complete.',
  },
  berth_uploads_active: { type: 'gauge', labels: [], help: 'Uploads begun and neither completed nor expired.' },
  berth_http_requests_total: {
    type: 'counter',
    labels: ['surface', 'outcome'],
    help: 'Requests answered since the process began, by protocol: ecr, oci, other. outcome: the class of the status; busy, refused because there were too many; none, the client went away before.',
  },
  berth_http_requests_open: {
    type: 'gauge',
    labels: ['state'],
    help: 'Requests of ecr and oci that are open. working: the server works on them. waiting: it waits for their clients, who send or read.',
  },
  berth_database_connections: {
    type: 'gauge',
    labels: ['state'],
    help: 'Connections of this process to PostgreSQL: used, idle. Absent with SQLite, as the next three.',
  },
  berth_database_connections_max: {
    type: 'gauge',
    labels: [],
    help: 'How many of them there may be.',
  },
  berth_database_waiting: {
    type: 'gauge',
    labels: [],
    help: 'Transactions that wait for a connection because all are used.',
  },
  berth_database_retries_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Transactions run once more since the process began, by why: a code of PostgreSQL, such as 40P01 for a deadlock, or one of the system.',
  },
  berth_s3_requests_total: {
    type: 'counter',
    labels: ['operation', 'outcome'],
    help: 'Requests to the bucket since the process began, repetitions within one not counted. outcome: success, or the name of the error. Absent without a bucket, as the next.',
  },
  berth_s3_request_seconds_total: {
    type: 'counter',
    labels: ['operation'],
    help: 'How long they took, up to the head of the answer, all together.',
  },
  berth_gc_runs_total: {
    type: 'counter',
    labels: ['result'],
    help: 'Rounds of collection that ended since the process began: success, failure.',
  },
  berth_gc_duration_seconds: {
    type: 'gauge',
    labels: [],
    help: 'How long the last round of collection took. Absent before the first.',
  },
  berth_gc_last_run_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When the last round of collection ended, well or not. Absent before the first.',
  },
  berth_gc_reclaimed_bytes_total: {
    type: 'counter',
    labels: [],
    help: 'Bytes given back to the disk since the process began.',
  },
  berth_gc_reclaimed_keys_total: {
    type: 'counter',
    labels: [],
    help: 'Objects erased from the store since the process began.',
  },
  berth_gc_deleted_images: {
    type: 'gauge',
    labels: [],
    help: 'Deleted images whose manifests are still there, be it that they may be restored.',
  },
  berth_gc_failing_keys: {
    type: 'gauge',
    labels: [],
    help: 'Objects that could not be erased so far. They are tried again, after an hour at most.',
  },
  berth_gc_oldest_timestamp_seconds: {
    type: 'gauge',
    labels: ['queue'],
    help: 'When what waits longest for collection was due, or will be: deleted (images), idle (blobs), trash. Absent where nothing waits.',
  },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;

export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What there is to publish. A family that is not here is not published. */
export type Samples = Readonly<Partial<Record<FamilyName, readonly Sample[]>>>;

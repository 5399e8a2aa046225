import type { Admission } from '../http/admission.ts';
import type { RequestCounts } from '../http/request-counts.ts';
import { readCollectionStatus } from '../registry/collection/status.ts';
import type { Ports } from '../registry/ports.ts';
import { readOverallUsage } from '../registry/usage/read-usage.ts';
import type { StoreCounts } from '../stores/store-counts.ts';
import type { Collector } from '../workers/collector.ts';
import type { Samples } from './families.ts';
import { renderProcess } from './process-metrics.ts';
import { render } from './render.ts';
import {
  byLabel,
  samplesOfBucket,
  samplesOfCollection,
  samplesOfDatabase,
  samplesOfRequests,
  samplesOfRounds,
  samplesOfUsage,
} from './samples.ts';

export interface MetricsSources extends Pick<Ports, 'metadata'> {
  readonly collector: Pick<Collector, 'last' | 'totals'>;
  readonly admission: Pick<Admission, 'inHand' | 'waiting'>;
  readonly counts: Pick<RequestCounts, 'all'>;
  readonly stores: {
    readonly kinds: { readonly database: string; readonly blobs: string };
    /** The connections to a database server, now. */
    readonly pool: (() => { readonly total: number; readonly idle: number; readonly waiting: number }) | undefined;
    /** How many there may be. */
    readonly poolMax: number;
    readonly counts: Pick<StoreCounts, 'retries' | 'requests'>;
  };
  /** Berth's. */
  readonly version: string;
}

/** How many registries one scrape has at most. */
const MAX_REGISTRIES = 1000;

/**
 * Everything there is to publish, as of now. What cannot be read is left out and reported, for a scraper throws away an
 * answer that is an error, and with it what is known.
 */
export async function scrape(
  { metadata, collector, admission, counts, stores, version }: MetricsSources,
  onError: (error: unknown, collector: string) => void,
): Promise<string> {
  const success: Record<string, number> = {};
  const attempt = async <T>(name: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      const figures = await read();
      success[name] = 1;
      return figures;
    } catch (error) {
      success[name] = 0;
      onError(error, name);
      return undefined;
    }
  };
  const usage = await attempt('usage', () => readOverallUsage({ metadata }, MAX_REGISTRIES));
  const status = await attempt('collection', () => readCollectionStatus({ metadata }));
  const ofProcess = await attempt('process', renderProcess);
  const samples: Samples = {
    berth_build_info: [{ labels: { version, ...stores.kinds }, value: 1 }],
    berth_scrape_collector_success: byLabel('collector', success),
    ...samplesOfRequests(admission, counts.all),
    ...samplesOfDatabase(stores.pool && { ...stores.pool(), max: stores.poolMax }, stores.counts.retries),
    ...samplesOfBucket(stores.counts.requests),
    ...(usage && samplesOfUsage(usage)),
    ...samplesOfRounds(collector.totals, collector.last),
    ...(status && samplesOfCollection(status)),
  };
  const own = await render(samples);
  return ofProcess === undefined ? own : `${own}\n${ofProcess}`;
}

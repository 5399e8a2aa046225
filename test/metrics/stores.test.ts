import { expect, test } from 'vitest';
import { render } from '../../src/metrics/render.ts';
import { samplesOfBucket, samplesOfDatabase } from '../../src/metrics/samples.ts';
import { StoreCounts } from '../../src/stores/store-counts.ts';
import { parseExposition } from './parse-exposition.ts';

test('connections are used or idle, and transactions that ran again are counted by why', async () => {
  const counts = new StoreCounts();
  for (const reason of ['40P01', '40P01', 'ECONNRESET']) counts.noteRetry(reason);
  const families = parseExposition(
    await render(samplesOfDatabase({ total: 7, idle: 4, waiting: 2, max: 20 }, counts.retries)),
  );
  const figures = [...families].map(([name, { samples }]) => [name, Object.fromEntries(samples)]);
  expect(Object.fromEntries(figures)).toEqual({
    berth_database_connections: { 'state="used"': 3, 'state="idle"': 4 },
    berth_database_connections_max: { '': 20 },
    berth_database_waiting: { '': 2 },
    berth_database_retries_total: { 'reason="40P01"': 2, 'reason="ECONNRESET"': 1 },
  });
});

test('requests to a bucket are counted by operation and outcome, and their time by operation', async () => {
  const counts = new StoreCounts();
  counts.noteRequest('GetObject', 'success', 0.25);
  counts.noteRequest('GetObject', 'success', 0.5);
  counts.noteRequest('GetObject', 'NoSuchKey', 0.25);
  counts.noteRequest('PutObject', 'success', 2);
  const families = parseExposition(await render(samplesOfBucket(counts.requests)));
  expect(Object.fromEntries(families.get('berth_s3_requests_total')?.samples ?? [])).toEqual({
    'operation="GetObject",outcome="success"': 2,
    'operation="GetObject",outcome="NoSuchKey"': 1,
    'operation="PutObject",outcome="success"': 1,
  });
  expect(Object.fromEntries(families.get('berth_s3_request_seconds_total')?.samples ?? [])).toEqual({
    'operation="GetObject"': 1,
    'operation="PutObject"': 2,
  });
});

test('without a database server and a bucket there is nothing to publish of them', () => {
  const { retries, requests } = new StoreCounts();
  expect(samplesOfDatabase(undefined, retries)).toEqual({});
  expect(Object.values(samplesOfBucket(requests)).flat()).toEqual([]);
});

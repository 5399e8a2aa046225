import type { FastifyInstance } from 'fastify';
import { expect, test } from 'vitest';
import type { BlobStore } from '../../src/blobs/blob-store.ts';
import { Admission, limitsFor } from '../../src/http/admission.ts';
import { RequestCounts } from '../../src/http/request-counts.ts';
import { registerMetrics } from '../../src/metrics/register-metrics.ts';
import type { StorageKey } from '../../src/model/ids.ts';
import { OCI_SURFACE } from '../../src/oci/oci-surface.ts';
import { ERASE_BATCH } from '../../src/registry/collection/erase.ts';
import { PullRecorder } from '../../src/registry/image/pull-recorder.ts';
import { StoreCounts } from '../../src/stores/store-counts.ts';
import { Collector } from '../../src/workers/collector.ts';
import { startAdminServer } from '../admin/support/admin-server.ts';
import { insertRepository } from '../contract/metadata/fixture.ts';
import { parseAnswer, request, startServer } from '../http/test-server.ts';
import { openStores } from '../support/stores.ts';
import { parseExposition } from './parse-exposition.ts';

async function startOn(stores: Awaited<ReturnType<typeof openStores>>) {
  const collector = new Collector({ ...stores.ports, pulls: new PullRecorder() });
  const surfaces = [OCI_SURFACE];
  const admission = new Admission(surfaces, limitsFor(1));
  const counts = new RequestCounts(surfaces);
  const places = {
    kinds: { database: 'sqlite', blobs: 'files' },
    pool: undefined,
    poolMax: 0,
    counts: new StoreCounts(),
  };
  const sources = { ...stores.ports, collector, admission, counts, stores: places, version: '1.2.3' };
  const addRoutes = (server: FastifyInstance) => {
    registerMetrics(server, sources);
    server.get('/v2/', async (_request, reply) => reply.code(401).send('no'));
  };
  return { ...(await startServer(addRoutes, { admission, counts })), collector };
}

test('GET answers the text format to anybody, and HEAD the same without it', async () => {
  await using server = await startAdminServer();
  const port = Number(new URL(server.endpoint).port);
  const got = parseAnswer(await request(port, 'GET /metrics?name[]=whatever'));
  expect(got.status).toBe(200);
  expect(got.headers).toMatchObject({
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    'cache-control': 'no-store',
    'x-amzn-requestid': expect.any(String),
  });
  expect(parseExposition(got.body).get('berth_build_info')?.samples.size).toBe(1);
  const head = parseAnswer(await request(port, 'HEAD /metrics'));
  expect(head).toMatchObject({ status: 200, body: '' });
  expect(head.headers['content-type']).toBe(got.headers['content-type']);
});

test('other methods are answered 405 with the methods that there are', async () => {
  await using server = await startAdminServer();
  const port = Number(new URL(server.endpoint).port);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = parseAnswer(await request(port, `${method} /metrics`));
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('GET, HEAD');
  }
});

test('a host name that is not its own is refused, as everywhere', async () => {
  await using server = await startAdminServer();
  const port = Number(new URL(server.endpoint).port);
  const answer = parseAnswer(await request(port, 'GET /metrics', ['Host: evil.example']));
  expect(answer.status).toBe(403);
  expect(answer.body).not.toContain('berth_');
});

test('requests are counted by surface and outcome, the scrape itself from the next one on', async () => {
  await using stores = await openStores();
  const { port } = await startOn(stores);
  for (const target of ['/v2/', '/v2/', '/elsewhere']) await request(port, `GET ${target}`);
  const families = parseExposition(parseAnswer(await request(port, 'GET /metrics')).body);
  expect(Object.fromEntries(families.get('berth_http_requests_total')?.samples ?? [])).toEqual({
    'surface="oci",outcome="4xx"': 2,
    'surface="other",outcome="4xx"': 1,
  });
  expect(Object.fromEntries(families.get('berth_http_requests_open')?.samples ?? [])).toEqual({
    'state="working"': 0,
    'state="waiting"': 0,
  });
});

test('when the metadata cannot be read the answer is still one that a scraper reads, and the log says why', async () => {
  const stores = await openStores();
  const { port, log } = await startOn(stores);
  await stores[Symbol.asyncDispose]();
  const answer = parseAnswer(await request(port, 'GET /metrics'));
  expect(answer.status).toBe(200);
  const families = parseExposition(answer.body);
  expect(Object.fromEntries(families.get('berth_scrape_collector_success')?.samples ?? [])).toEqual({
    'collector="usage"': 0,
    'collector="collection"': 0,
    'collector="process"': 1,
  });
  expect(families.has('berth_images')).toBe(false);
  expect(families.has('berth_gc_deleted_images')).toBe(false);
  expect(families.get('berth_gc_runs_total')?.samples.size).toBe(2);
  const errors = log.filter(({ level }) => level === 'error');
  expect(errors.map(({ collector }) => collector)).toEqual(['usage', 'collection']);
});

test('rounds that break off are counted as failures', async () => {
  const stores = await openStores();
  const { port, collector } = await startOn(stores);
  await collector.run();
  await stores[Symbol.asyncDispose]();
  for (let round = 0; round < 2; round += 1) await expect(collector.run()).rejects.toThrow();
  const { body } = parseAnswer(await request(port, 'GET /metrics'));
  expect(Object.fromEntries(parseExposition(body).get('berth_gc_runs_total')?.samples ?? [])).toEqual({
    'result="success"': 1,
    'result="failure"': 2,
  });
});

test('what a round brought back before it broke off is counted', async () => {
  await using stores = await openStores();
  const { metadata, blobs, ids } = stores.ports;
  await metadata.write(async (tx) => {
    for (let index = 0; index <= ERASE_BATCH; index += 1) {
      await tx.collection.discard({ storageKey: ids.storageKey(), size: 3, notBefore: 0 });
    }
  });
  let batches = 0;
  const failing: BlobStore = Object.assign(Object.create(blobs), {
    erase: async (keys: readonly StorageKey[]) => {
      batches += 1;
      if (batches > 1) throw new Error('the disk is gone');
      return blobs.erase(keys);
    },
  });
  const { port, collector } = await startOn({ ...stores, ports: { ...stores.ports, blobs: failing } });
  await expect(collector.run()).rejects.toThrow('the disk is gone');
  const families = parseExposition(parseAnswer(await request(port, 'GET /metrics')).body);
  const figure = (name: string) => families.get(name)?.samples.get('');
  expect(figure('berth_gc_reclaimed_keys_total')).toBe(ERASE_BATCH);
  expect(figure('berth_gc_reclaimed_bytes_total')).toBe(3 * ERASE_BATCH);
  expect(families.get('berth_store_objects')?.samples.get('kind="trash"')).toBe(1);
});

test('a thousand registries are listed, and of more it is said that there are', async () => {
  await using stores = await openStores();
  const { port } = await startOn(stores);
  const add = (from: number, to: number) =>
    stores.ports.metadata.write(async (tx) => {
      for (let index = from; index < to; index += 1) {
        await insertRepository(tx, 'app', { id: String(index).padStart(12, '0'), region: 'us-east-1' });
      }
    });
  const look = async () => {
    const families = parseExposition(parseAnswer(await request(port, 'GET /metrics')).body);
    const truncated = families.get('berth_registries_truncated')?.samples.get('');
    return { registries: families.get('berth_images')?.samples, truncated };
  };
  await add(0, 1000);
  const full = await look();
  expect([full.registries?.size, full.truncated]).toEqual([1000, 0]);
  expect(full.registries?.get('account="000000000999",region="us-east-1"')).toBe(0);
  await add(1000, 1001);
  const more = await look();
  expect([more.registries?.size, more.truncated]).toEqual([1000, 1]);
  expect(more.registries?.has('account="000000001000",region="us-east-1"')).toBe(false);
});

test('scrapes at the same time do not meet', async () => {
  await using server = await startAdminServer();
  const texts = await Promise.all(
    Array.from({ length: 8 }, async () => (await fetch(`${server.endpoint}/metrics`)).text()),
  );
  for (const text of texts) expect(parseExposition(text).has('process_cpu_seconds_total')).toBe(true);
});

test('scrapes are logged at level debug only', async () => {
  await using stores = await openStores();
  const { port, log } = await startOn(stores);
  await request(port, 'GET /metrics');
  expect(log.filter(({ path }) => path === '/metrics')).toMatchObject([{ level: 'debug', status: 200 }]);
});

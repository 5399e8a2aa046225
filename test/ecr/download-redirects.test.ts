import { randomBytes } from 'node:crypto';
import { ECRClient, GetDownloadUrlForLayerCommand } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operationsOf } from '../../src/ecr/operations.ts';
import { PageTokens } from '../../src/ecr/page-tokens.ts';
import { registerEcr } from '../../src/ecr/register-ecr.ts';
import { createServer } from '../../src/http/create-server.ts';
import { localHostCheck } from '../../src/http/host-check.ts';
import { listen } from '../../src/http/listen.ts';
import { createLogger } from '../../src/http/logger.ts';
import { layerLinkPath } from '../../src/oci/layer-link.ts';
import { allowEverything } from '../../src/policy/authorizer.ts';
import { DownloadLinks } from '../../src/policy/download-links.ts';
import { RegistryTokens } from '../../src/policy/registry-tokens.ts';
import { PullRecorder } from '../../src/registry/image/pull-recorder.ts';
import { buildImage, layerOf, makeRepository, pushImage, REGISTRY } from '../support/images.ts';
import { openOn } from '../support/s3/s3-under-test.ts';
import { startAnyS3 } from '../support/s3/start-any-s3.ts';
import type { TestS3 } from '../support/s3/test-s3.ts';
import { MINUTE, openStores } from '../support/stores.ts';
import { TestClock } from '../support/test-clock.ts';

const layer = layerOf('a layer that lies in the bucket');
let s3: TestS3;
beforeAll(async () => {
  s3 = await startAnyS3();
});
afterAll(() => s3[Symbol.asyncDispose]());

/** Asks for the address of a layer that was pushed to a bucket, and hands it to `work` with where the server is. */
async function withAddress(
  { blobRedirects, grace }: { blobRedirects: boolean; grace: number },
  work: (address: URL, server: string) => Promise<void>,
): Promise<void> {
  const clock = new TestClock(Date.now());
  await using stores = await openStores({ clock, retention: { grace, lease: 0 } });
  await using bucket = await openOn(s3, {}, clock);
  const ports = {
    ...stores.ports,
    ...{ blobs: bucket.blobs, uploads: bucket.uploads, authorizer: allowEverything, layerLinkPath, blobRedirects },
    pulls: new PullRecorder(),
    tokens: new RegistryTokens(randomBytes(32), clock),
    links: new DownloadLinks(randomBytes(32), clock),
    pageTokens: new PageTokens(randomBytes(32), clock),
  };
  const path = await makeRepository(ports, 'app');
  await pushImage(
    { ...ports, retention: { ...ports.retention, lease: MINUTE } },
    path,
    buildImage('app', { layers: [layer] }),
  );
  // The lease is over: what keeps the layer is that an image names it.
  clock.advance(MINUTE);
  const server = createServer({
    logger: createLogger({ level: 'silent', format: 'json' }),
    ids: ports.ids,
    hostAllowed: localHostCheck({ domains: [] }),
  });
  registerEcr(server, {
    operations: operationsOf(ports),
    authorizer: allowEverything,
    version: '0',
    verifier: {
      ...{ keys: { find: () => undefined }, clock, service: 'ecr', unknownKeys: 'trust' },
      ...{ defaultAccountId: REGISTRY.id, defaultRegion: REGISTRY.region },
    },
  });
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new ECRClient({ endpoint, region: REGISTRY.region, credentials, maxAttempts: 1 });
  try {
    const command = new GetDownloadUrlForLayerCommand({ repositoryName: 'app', layerDigest: layer.digest });
    const { downloadUrl = '' } = await client.send(command);
    await work(new URL(downloadUrl), endpoint);
  } finally {
    client.destroy();
    server.server.closeAllConnections();
    await server.close();
  }
}

test('The address of a layer that lies in a bucket leads there, for as long as the layer is sure to be there, an hour at the most', async () => {
  for (const [grace, seconds] of [
    [600 * MINUTE, 3600],
    [10 * MINUTE, 600],
  ] as const) {
    await withAddress({ blobRedirects: true, grace }, async (address) => {
      expect(address.origin).toBe(s3.endpoint);
      expect(Number(address.searchParams.get('X-Amz-Expires'))).toBe(seconds);
    });
  }
});

test('It leads to this server where addresses in the store are not wanted, or the layer may be gone too soon', async () => {
  for (const how of [
    { blobRedirects: false, grace: 600 * MINUTE },
    { blobRedirects: true, grace: 0 },
  ]) {
    await withAddress(how, async (address, server) => {
      expect(address.origin).toBe(server);
      expect(address.pathname).toMatch(/^\/_berth\/layers\//);
    });
  }
});

import { ECR } from '@aws-sdk/client-ecr';
import type { FastifyInstance } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ECR_SURFACE } from '../../src/ecr/ecr-surface.ts';
import { Admission } from '../../src/http/admission.ts';
import { RequestCounts } from '../../src/http/request-counts.ts';
import { OCI_SURFACE } from '../../src/oci/oci-surface.ts';
import { dial, parseAnswer, request, startServer, until } from './test-server.ts';

const SURFACES = [ECR_SURFACE, OCI_SURFACE];
const LIMITS = { requests: 3, burst: 2, burstMs: 1000, open: 12, perTurn: 2 };
const ECR_LINES = ['Host: localhost', 'X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.PutImage'];

/** A server whose store is stuck: it answers nothing but health, until it is freed. */
async function startStuck() {
  let now = 5000;
  let free: (() => void)[] = [];
  let reached = 0;
  const stuck = async () => {
    reached += 1;
    await new Promise<void>((resolve) => free.push(resolve));
    return 'done';
  };
  const addRoutes = (server: FastifyInstance) => {
    server.post('/', stuck);
    server.all('/v2/*', stuck);
    server.all('/_berth/v1/*', async () => 'for operators');
    server.get('/v2/stream', async (_request, reply) => {
      reached += 1;
      reply.hijack();
      reply.raw.write('begun');
    });
    server.patch('/v2/upload', async ({ raw }) => {
      reached += 1;
      for await (const _ of raw);
      return 'whole';
    });
  };
  const admission = new Admission(SURFACES, LIMITS, () => now);
  const counts = new RequestCounts(SURFACES);
  const { port, log } = await startServer(addRoutes, { admission, counts, clock: { now: () => now } });
  return {
    port,
    log,
    admission,
    counts,
    turn: (ms: number) => {
      now += ms;
    },
    get: (target = '/v2/app') => request(port, `GET ${target}`).then(parseAnswer),
    /** Has requests reach the store, and answers what will come of them. */
    occupy: async (count: number, target = 'GET /v2/app') => {
      const before = reached;
      const answers = Array.from({ length: count }, () => request(port, target).then(parseAnswer));
      await until(() => reached === before + count);
      return Promise.all(answers);
    },
    reached: () => reached,
    free: () => {
      for (const go of free) go();
      free = [];
    },
  };
}

/** As `startStuck`, with as much in hand as it takes. */
async function startFull() {
  const server = await startStuck();
  const taken = server.occupy(LIMITS.requests + LIMITS.burst);
  await until(() => server.reached() === LIMITS.requests + LIMITS.burst);
  return { ...server, taken };
}

describe('One request more than can be worked on', () => {
  test('is refused at once on the distribution protocol, and told when to come again', async () => {
    const { get } = await startFull();
    for (const target of ['/v2/app', '/v2/', '/v2', '/v2?n=1', '/_berth/layers/x']) {
      const { status, headers, body } = await get(target);
      expect(status, target).toBe(429);
      expect(headers).toMatchObject({
        'retry-after': '1',
        'content-type': 'application/json; charset=utf-8',
        'docker-distribution-api-version': 'registry/2.0',
        'x-amzn-requestid': expect.stringMatching(/^id-/),
      });
      expect(JSON.parse(body)).toEqual({ errors: [{ code: 'TOOMANYREQUESTS', message: 'Rate exceeded' }] });
    }
  });

  test('is refused at once on the JSON API, as throttling that the SDK knows', async () => {
    const { port } = await startFull();
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = new ECR({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials, maxAttempts: 1 });
    onTestFinished(() => client.destroy());
    await expect(client.describeRepositories({})).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'Rate exceeded',
      $metadata: { httpStatusCode: 400, attempts: 1 },
      $response: { headers: { 'retry-after': '1', 'content-type': 'application/x-amz-json-1.1' } },
    });
  });

  test('with a method that has no body in its answer gets none', async () => {
    const { port } = await startFull();
    expect(parseAnswer(await request(port, 'HEAD /v2/app'))).toMatchObject({ status: 429, body: '' });
  });

  test('does not keep health, operators and strangers out', async () => {
    const { get } = await startFull();
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/_berth/v1/usage')).body).toBe('for operators');
    expect((await get('/v2x')).status).toBe(404);
  });

  test('is taken when those before have been answered, who lose nothing by it', async () => {
    const { get, free, taken, occupy, reached } = await startFull();
    expect((await get()).status).toBe(429);
    free();
    expect((await taken).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const more = occupy(LIMITS.requests);
    await until(() => reached() === LIMITS.requests * 2 + LIMITS.burst);
    free();
    expect((await more).map(({ body }) => body)).toEqual(['done', 'done', 'done']);
  });

  test('is counted, and logged once for many', async () => {
    const { get, port, log, counts, turn } = await startFull();
    const lines = () => log.filter(({ level }) => level === 'warn');
    for (let sent = 0; sent < 3; sent++) await get();
    await request(port, 'POST /', ECR_LINES);
    expect(lines()).toEqual([expect.objectContaining({ refused: 1 })]);
    turn(10_000);
    // So much later there is a new burst.
    for (let sent = 0; sent < 2; sent++) dial(port).socket.write('GET /v2/app HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => counts.all.find(({ surface }) => surface === 'ecr') !== undefined);
    while ((await get()).status !== 429);
    expect(lines()).toEqual([expect.objectContaining({ refused: 1 }), expect.objectContaining({ refused: 4 })]);
    expect(counts.all).toContainEqual({ surface: 'oci', outcome: 'busy', count: 4 });
    expect(counts.all).toContainEqual({ surface: 'ecr', outcome: 'busy', count: 1 });
    expect(log.filter(({ msg }) => String(msg).includes('429'))).toEqual([]);
  });
});

test('a burst that is used up comes back little by little', async () => {
  const { get, free, taken, turn, occupy, reached } = await startFull();
  free();
  await taken;
  const again = occupy(LIMITS.requests);
  await until(() => reached() === 2 * LIMITS.requests + LIMITS.burst);
  turn(499);
  expect((await get()).status).toBe(429);
  turn(1);
  const one = occupy(1);
  await until(() => reached() === 2 * LIMITS.requests + LIMITS.burst + 1);
  expect((await get()).status).toBe(429);
  free();
  await Promise.all([again, one]);
});

describe('A request that waits for its client', () => {
  const UPLOAD = 'PATCH /v2/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nslow';
  const STREAM = 'GET /v2/stream HTTP/1.1\r\nHost: localhost\r\n\r\n';

  test.each([
    ['whose body trickles in', UPLOAD],
    ['whose answer has begun', STREAM],
  ])('%s, is in nobody’s way', async (_, head) => {
    const { port, reached, admission, occupy, get, free } = await startStuck();
    for (let sent = 1; sent <= LIMITS.requests + LIMITS.burst; sent++) {
      dial(port).socket.write(head);
      await until(() => reached() === sent);
    }
    expect([admission.inHand, admission.waiting]).toEqual([0, LIMITS.requests + LIMITS.burst]);
    const taken = occupy(LIMITS.requests + LIMITS.burst);
    await until(() => reached() === 2 * (LIMITS.requests + LIMITS.burst));
    expect((await get()).status).toBe(429);
    free();
    await taken;
  });

  test('is refused all the same when too many of its kind are open, and forgotten when it is over', async () => {
    const { port, reached, get, admission } = await startStuck();
    const dialled = Array.from({ length: LIMITS.open }, () => dial(port));
    for (const { socket } of dialled) {
      const before = reached();
      socket.write(STREAM);
      await until(() => reached() === before + 1);
    }
    expect((await get()).status).toBe(429);
    for (const { socket } of dialled) socket.destroy();
    await until(() => admission.inHand + admission.waiting === 0);
  });

  test('is told so before the rest of its body, which is not waited for', async () => {
    const { port } = await startFull();
    const { socket, received } = dial(port);
    socket.write('PATCH /v2/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nfirst');
    await until(() => received().includes('TOOMANYREQUESTS'));
  });
});

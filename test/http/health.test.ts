import { expect, test } from 'vitest';
import { parseAnswer, request, startServer } from './test-server.ts';

const get = async (port: number, target: string) => parseAnswer(await request(port, target));

test('livez and readyz answer 200 ok', async () => {
  const { port } = await startServer(undefined, { readiness: { store: async () => {} } });
  for (const path of ['/livez', '/readyz']) {
    const answer = await get(port, `GET ${path}`);
    expect(answer).toMatchObject({ status: 200, body: 'ok\n' });
    expect(answer.headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  }
});

test('HEAD answers the same without the body', async () => {
  const { port } = await startServer();
  for (const path of ['/livez', '/readyz']) {
    const answer = await get(port, `HEAD ${path}`);
    expect(answer).toMatchObject({ status: 200, body: '' });
    expect(answer.headers['content-length']).toBe('3');
  }
});

test('a check that fails makes readyz 503, which is logged with its reason and answered without', async () => {
  const readiness = {
    store: () => {
      throw new Error('the disk at /srv is gone');
    },
    database: async () => {},
  };
  const { port, log } = await startServer(undefined, { readiness });
  expect(await get(port, 'GET /readyz')).toMatchObject({ status: 503, body: 'not ready\n' });
  expect(await get(port, 'GET /readyz?verbose')).toMatchObject({
    status: 503,
    body: '[-] store\n[+] database\n[+] serving\nnot ready\n',
  });
  expect(await get(port, 'GET /livez')).toMatchObject({ status: 200 });
  const [warning] = log.filter(({ level }) => level === 'warn');
  expect(warning).toMatchObject({ check: 'store', err: { message: 'the disk at /srv is gone' } });
});

test('a check that does not end has failed, and probes do not pile up in front of it', async () => {
  let asked = 0;
  const readiness = {
    database: () => {
      asked += 1;
      return new Promise<void>(() => {});
    },
  };
  const { port, log } = await startServer(undefined, { readiness, limits: { readinessMs: 50 } });
  const answers = await Promise.all(Array.from({ length: 5 }, () => get(port, 'GET /readyz?verbose')));
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 503, body: '[-] database\n[+] serving\nnot ready\n' });
  }
  expect(asked).toBeLessThan(5);
  expect(log.find(({ level }) => level === 'warn')).toMatchObject({
    err: { message: 'there was no answer within 50 ms' },
  });
});

test('a check is made anew once the last one has ended', async () => {
  let works = false;
  const readiness = {
    database: async () => {
      if (!works) throw new Error('away');
    },
  };
  const { port } = await startServer(undefined, { readiness });
  expect((await get(port, 'GET /readyz')).status).toBe(503);
  works = true;
  expect((await get(port, 'GET /readyz')).status).toBe(200);
});

test('other methods are answered 405 with the methods that there are', async () => {
  const { port } = await startServer();
  const answer = await get(port, 'POST /readyz');
  expect(answer.status).toBe(405);
  expect(answer.headers).toMatchObject({ allow: 'GET, HEAD', 'x-amzn-requestid': 'id-1' });
});

test('probes are logged at level debug only', async () => {
  const { port, log } = await startServer();
  await get(port, 'GET /livez');
  expect(log.filter(({ path }) => path === '/livez')).toMatchObject([{ level: 'debug', status: 200 }]);
});

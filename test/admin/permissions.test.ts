import { afterAll, describe, expect, it } from 'vitest';
import type { AdminEdge } from '../../src/admin/admin-edge.ts';
import { registerAdmin } from '../../src/admin/register-admin.ts';
import { ROUTES } from '../../src/admin/routes.ts';
import { createServer } from '../../src/http/create-server.ts';
import { listen } from '../../src/http/listen.ts';
import { createLogger } from '../../src/http/logger.ts';
import { Fault } from '../../src/model/fault.ts';
import { randomIds } from '../../src/model/ids.ts';
import { ACCOUNT, EcrServer, REGION } from '../ecr/support/ecr-server.ts';
import { FileBytes } from '../support/stored/file-bytes.ts';
import { SqliteRows } from '../support/stored/sqlite-rows.ts';
import { TestClock } from '../support/test-clock.ts';
import { AdminServer } from './support/admin-server.ts';

/** Nothing is stored. */
const NOWHERE = { rows: new SqliteRows('nowhere'), bytes: new FileBytes('nowhere') };

/** What the server asked, in order. */
const asked: { principal: string; action: string; resource: string }[] = [];

/** The operator's edge where nobody may do anything, and where nothing but the rule of that may be touched. */
async function serveNobody(): Promise<AdminServer> {
  const clock = new TestClock();
  const own: Partial<AdminEdge> = {
    verifier: {
      keys: { find: () => undefined },
      clock,
      service: 'ecr',
      unknownKeys: 'trust',
      defaultAccountId: ACCOUNT,
      defaultRegion: REGION,
      paths: 'any',
    },
    authorizer: {
      authorize: async ({ arn: principal }, action, resource) => {
        asked.push({ principal, action, resource });
        throw new Fault('AccessDenied', { principal, action, resource, because: 'because nobody may' });
      },
    },
  };
  const edge = new Proxy(own, {
    get: (target, name) => {
      if (Object.hasOwn(target, name)) return target[name as keyof AdminEdge];
      throw new Error(`the port ${String(name)} was touched`);
    },
  }) as AdminEdge;
  const server = createServer({
    logger: createLogger({ level: 'silent', format: 'json' }),
    ids: randomIds(),
    hostAllowed: () => true,
  });
  registerAdmin(server, edge);
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  const resources = new AsyncDisposableStack();
  resources.defer(() => server.close());
  return new AdminServer(new EcrServer(port, NOWHERE, clock, resources), '');
}

const server = await serveNobody();
afterAll(() => server[Symbol.asyncDispose]());

const CALLER = { accessKeyId: '210987654321', region: 'eu-west-1' };
const repositoryName = 'team/app';
const ofRepository = 'arn:aws:ecr:eu-west-1:210987654321:repository/team/app';
const deletion = { repositoryName, selection: { untagged: true } };

const REQUESTS: Readonly<
  Record<string, readonly [method: string, path: string, body: object | undefined, action: string, resource: string]>
> = {
  usage: ['GET', 'usage', undefined, 'berth:GetUsage', '*'],
  'usage/repositories': ['GET', 'usage/repositories', undefined, 'berth:GetUsage', '*'],
  'usage/repository': ['GET', `usage/repository?name=${repositoryName}`, undefined, 'berth:GetUsage', ofRepository],
  'images/plan': ['POST', 'images/plan', deletion, 'ecr:BatchDeleteImage', ofRepository],
  'images/delete': ['POST', 'images/delete', deletion, 'ecr:BatchDeleteImage', ofRepository],
  restorable: ['GET', `restorable?name=${repositoryName}`, undefined, 'berth:RestoreImages', ofRepository],
  restore: ['POST', 'restore', { repositoryName, all: true }, 'berth:RestoreImages', ofRepository],
  gc: ['GET', 'gc', undefined, 'berth:GetUsage', '*'],
  'gc/run': ['POST', 'gc/run', {}, 'berth:RunCollection', '*'],
  fsck: ['POST', 'fsck', { deep: true, repair: true }, 'berth:CheckStore', '*'],
};

describe('permission', () => {
  it('is tested here for every path', () => {
    expect(Object.keys(REQUESTS).sort()).toEqual(Object.keys(ROUTES).sort());
  });

  it.each(Object.entries(REQUESTS))(
    'is asked for %s before anything is touched',
    async (_, [method, path, body, action, resource]) => {
      asked.length = 0;
      const answer = await server.send(method, path, body === undefined ? '' : JSON.stringify(body), CALLER);
      expect(asked).toEqual([{ principal: 'arn:aws:iam::210987654321:root', action, resource }]);
      expect(answer.status).toBe(403);
      expect(answer.json).toMatchObject({
        code: 'AccessDenied',
        message: `User: arn:aws:iam::210987654321:root is not authorized to perform: ${action} on resource: ${resource} because nobody may`,
      });
    },
  );

  it('is not asked for what cannot be understood', async () => {
    asked.length = 0;
    for (const [method, path] of Object.values(REQUESTS)) {
      const [bare = ''] = path.split('?');
      const answer =
        method === 'GET' ? await server.get(`${bare}?what=ever`, CALLER) : await server.post(bare, '[]', CALLER);
      expect(answer.status).toBe(400);
    }
    expect(asked).toEqual([]);
  });
});

import { afterAll, describe, expect, it } from 'vitest';
import type { EcrPorts } from '../../src/ecr/ecr-ports.ts';
import { operationsOf } from '../../src/ecr/operations.ts';
import { registerEcr } from '../../src/ecr/register-ecr.ts';
import type { Served } from '../../src/ecr/unserved.ts';
import { createServer } from '../../src/http/create-server.ts';
import { listen } from '../../src/http/listen.ts';
import { createLogger } from '../../src/http/logger.ts';
import { Fault } from '../../src/model/fault.ts';
import { randomIds } from '../../src/model/ids.ts';
import { INPUTS } from '../ecr-shapes/inputs.ts';
import { FileBytes } from '../support/stored/file-bytes.ts';
import { SqliteRows } from '../support/stored/sqlite-rows.ts';
import { TestClock } from '../support/test-clock.ts';
import { ACCOUNT, EcrServer, REGION } from './support/ecr-server.ts';
import { BAD_ARNS } from './support/repository-arns.ts';

/** Nothing is stored. */
const NOWHERE = { rows: new SqliteRows('nowhere'), bytes: new FileBytes('nowhere') };

/** What the server asked, in order. */
const asked: { principal: string; action: string; resource: string }[] = [];

/** Ports that fail the test when anything looks at them. */
const untouchable = new Proxy({} as EcrPorts, {
  get: (_, name) =>
    new Proxy(
      Object.assign(() => {}, {}),
      {
        get: (_target, member) => {
          throw new Error(`the port ${String(name)}.${String(member)} was touched`);
        },
        apply: () => {
          throw new Error(`the port ${String(name)} was called`);
        },
      },
    ),
});

/** A server of the real operations, on ports that must not be touched, where nobody may do anything. */
async function serveNobody(): Promise<EcrServer> {
  const clock = new TestClock();
  const server = createServer({
    logger: createLogger({ level: 'silent', format: 'json' }),
    ids: randomIds(),
    hostAllowed: () => true,
  });
  registerEcr(server, {
    operations: operationsOf(untouchable),
    verifier: {
      keys: { find: () => undefined },
      clock,
      service: 'ecr',
      unknownKeys: 'trust',
      defaultAccountId: ACCOUNT,
      defaultRegion: REGION,
    },
    authorizer: {
      authorize: async ({ arn: principal }, action, resource) => {
        asked.push({ principal, action, resource });
        const because = `because no identity-based policy allows the ${action} action`;
        throw new Fault('AccessDenied', { principal, action, resource, because });
      },
    },
    version: '0.0.0',
  });
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  const resources = new AsyncDisposableStack();
  resources.defer(() => server.close());
  return new EcrServer(port, NOWHERE, clock, resources);
}

const server = await serveNobody();
afterAll(() => server[Symbol.asyncDispose]());

const CALLER = { accessKeyId: '210987654321', region: 'eu-west-1' };
const everything = '*';
const ofRegistryId = 'arn:aws:ecr:eu-west-1:123456789012:repository/ubuntu';
const ofArn = 'arn:aws:ecr:us-east-1:123456789012:repository/ubuntu';

const RESOURCES: { readonly [N in Served]: string } = {
  BatchCheckLayerAvailability: ofRegistryId,
  BatchDeleteImage: ofRegistryId,
  BatchGetImage: ofRegistryId,
  CompleteLayerUpload: ofRegistryId,
  CreateRepository: ofRegistryId,
  DeleteRepository: ofRegistryId,
  DescribeImages: ofRegistryId,
  DescribeRepositories: everything,
  GetAuthorizationToken: everything,
  GetDownloadUrlForLayer: ofRegistryId,
  InitiateLayerUpload: ofRegistryId,
  ListImageReferrers: ofRegistryId,
  ListImages: ofRegistryId,
  ListTagsForResource: ofArn,
  PutImage: ofRegistryId,
  PutImageTagMutability: ofRegistryId,
  TagResource: ofArn,
  UntagResource: ofArn,
  UploadLayerPart: ofRegistryId,
};

describe('permission', () => {
  it.each(Object.entries(RESOURCES))(
    'is asked for ecr:%s on %s, before anything is touched',
    async (operation, resource) => {
      asked.length = 0;
      const answer = await server.call(operation, INPUTS[operation as Served].request, CALLER);
      expect(asked).toEqual([{ principal: 'arn:aws:iam::210987654321:root', action: `ecr:${operation}`, resource }]);
      expect(answer.status).toBe(400);
      expect(answer.body).toBe(
        `{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::210987654321:root is not authorized to perform: ecr:${operation} ` +
          `on resource: ${resource} because no identity-based policy allows the ecr:${operation} action"}`,
      );
    },
  );

  it("is asked on the caller's own registry where no other is named", async () => {
    asked.length = 0;
    await server.call('ListImages', { repositoryName: 'ubuntu' }, CALLER);
    expect(asked).toMatchObject([{ resource: 'arn:aws:ecr:eu-west-1:210987654321:repository/ubuntu' }]);
  });

  it.each(['ListTagsForResource', 'TagResource', 'UntagResource'])(
    'is asked by %s for one spelling of an ARN, whatever partition the caller wrote',
    async (operation) => {
      asked.length = 0;
      const request = INPUTS[operation as Served].request;
      const resourceArn = 'arn:aws-us-gov:ecr:us-east-1:123456789012:repository/ubuntu';
      await server.call(operation, { ...request, resourceArn }, CALLER);
      expect(asked).toMatchObject([{ resource: ofArn }]);
      for (const bad of BAD_ARNS) await server.call(operation, { ...request, resourceArn: bad }, CALLER);
      expect(asked).toHaveLength(1);
    },
  );

  it.each([
    ['without a signature', '{"repositoryName":"ubuntu"}', 'authorization'],
    ['that is malformed', '{', ''],
    ['that violates a constraint', '{"repositoryName":"a"}', ''],
  ])('is not asked for a request %s', async (_, body, takenOff) => {
    asked.length = 0;
    const answer = await server.call('ListImages', body, {
      ...CALLER,
      tamper: (signed) => ({
        ...signed,
        headers: signed.headers.filter(([name]) => name.toLowerCase() !== takenOff),
      }),
    });
    expect(answer.status).toBe(400);
    expect(asked).toEqual([]);
  });
});

import aws4 from 'aws4';
import { startBerth } from '../test/support/berth-process.ts';
import { type Contender, each } from './contender.ts';
import { Requests } from './requests.ts';

const IDS_A_CALL = 100;

/** Berth on its embedded store, with every fsync, deleting through BatchDeleteImage. */
export async function startBerthContender(folder: string): Promise<Contender> {
  const berth = await startBerth(['--data-dir', folder, '--log-level', 'error']);
  const api = new Requests(berth.origin);
  const { authorizationData } = await call(api, berth.origin, 'GetAuthorizationToken', {});
  const requests = new Requests(berth.origin, { authorization: `Basic ${authorizationData[0].authorizationToken}` });
  return {
    name: 'berth',
    requests,
    pid: berth.pid,
    deleteAll: async (repositoryName, images, concurrency) => {
      const calls = Array.from({ length: Math.ceil(images.length / IDS_A_CALL) }, (_, number) =>
        images.slice(number * IDS_A_CALL, (number + 1) * IDS_A_CALL),
      );
      await each(calls, concurrency, async (batch) => {
        const imageIds = batch.map(({ digest }) => ({ imageDigest: digest }));
        const answer = await call(api, berth.origin, 'BatchDeleteImage', { repositoryName, imageIds });
        if (answer.imageIds.length !== batch.length)
          throw new Error(`Not all were deleted: ${JSON.stringify(answer.failures)}`);
      });
    },
    [Symbol.asyncDispose]: async () => {
      requests[Symbol.dispose]();
      api[Symbol.dispose]();
      await berth[Symbol.asyncDispose]();
    },
  };
}

async function call(api: Requests, origin: string, operation: string, input: object) {
  const body = Buffer.from(JSON.stringify(input));
  const signed = aws4.sign(
    {
      service: 'ecr',
      region: 'us-east-1',
      method: 'POST',
      path: '/',
      headers: {
        Host: new URL(origin).host,
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': `AmazonEC2ContainerRegistry_V20150921.${operation}`,
      },
      body,
    },
    { accessKeyId: 'test', secretAccessKey: 'test' },
  );
  const answer = await api.expect(200, 'POST', '/', { ...signed.headers }, body);
  return JSON.parse(answer.body.toString('utf8'));
}

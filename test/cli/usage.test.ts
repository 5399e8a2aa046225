import { expect, test } from 'vitest';
import { formatBytes } from '../../src/cli/format.ts';
import { blobBytes, startAdminServer } from '../admin/support/admin-server.ts';
import { freshRepository } from '../ecr/support/test-repository.ts';
import { buildImage } from '../support/images.ts';
import { berthOn, documents } from './support/berth.ts';

test('berth usage shows every repository, the registry and the disk', async () => {
  await using server = await startAdminServer();
  const berth = berthOn(server);
  const repository = await freshRepository(server.ecr.client);
  const image = await repository.push(buildImage('a'), 'a');
  const size = formatBytes(blobBytes(image)).replace(' ', '\\s');
  const { code, out, err } = await berth.run(['usage']);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^REPOSITORY +IMAGES +LOGICAL +LIVE +HELD FOR UNDO +IDLE\n/);
  expect(out).toMatch(new RegExp(`^${repository.name} +1 +${size} +${size} +0 B +0 B$`, 'm'));
  expect(out).toMatch(new RegExp(`^total, each blob once +1 +${size} +${size} +0 B +0 B$`, 'm'));
  expect(out).toMatch(new RegExp(`^On disk, of all accounts +2 blobs +${size}$`, 'm'));
  expect(out).toMatch(/^Awaiting erase +0 blobs +0 B$/m);
});

test('berth usage --json is one document with exact numbers', async () => {
  await using server = await startAdminServer();
  const berth = berthOn(server);
  const repository = await freshRepository(server.ecr.client);
  const image = await repository.push(buildImage('a'), 'a');
  const usage = {
    images: 1,
    logicalBytes: blobBytes(image),
    liveBytes: blobBytes(image),
    heldBytes: 0,
    idleBytes: 0,
  };
  const whole = await berth.run(['usage', '--json']);
  expect(documents(whole.out)).toMatchObject([
    {
      usage,
      repositories: [{ repositoryName: repository.name, usage }],
      store: { blobs: { count: 2, bytes: usage.liveBytes }, trash: { count: 0 }, uploads: { count: 0 } },
    },
  ]);
  const one = await berth.run(['usage', '--repository', repository.name, '--json']);
  expect(documents(one.out)).toMatchObject([{ repositoryName: repository.name, usage }]);
});

test('berth usage --repository shows that one alone, and says what to do if there is none', async () => {
  await using server = await startAdminServer();
  const berth = berthOn(server);
  const [mine, other] = [await freshRepository(server.ecr.client), await freshRepository(server.ecr.client)];
  const { code, out } = await berth.run(['usage', '--repository', mine.name]);
  expect(code).toBe(0);
  expect(out).toContain(mine.name);
  expect(out).not.toContain(other.name);
  const missing = await berth.run(['usage', '--repository', 'no/such']);
  expect([missing.code, missing.out]).toEqual([1, '']);
  expect(missing.err).toBe(
    "error: The repository with name 'no/such' does not exist in the registry with id '000000000000'\n'berth usage' lists the repositories of the account and region that the command speaks for.\n",
  );
  expect((await berth.run(['usage', '--repository', 'No/Such'])).code).toBe(2);
});

test("another region's repositories are shown when it is named", async () => {
  await using server = await startAdminServer();
  const berth = berthOn(server);
  const there = await freshRepository(server.ecr.clientOf({ region: 'eu-west-1' }));
  expect((await berth.run(['usage'])).out).not.toContain(there.name);
  expect((await berth.run(['usage', '--region', 'eu-west-1'])).out).toContain(there.name);
  expect((await berth.run(['usage'], { env: { AWS_REGION: 'eu-west-1' } })).out).toContain(there.name);
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ECR } from '@aws-sdk/client-ecr';
import { expect, it } from 'vitest';
import { findClient } from './support/client.ts';
import { setUp } from './support/setup.ts';

const docker = await findClient('docker');

it('docker login accepts a password of GetAuthorizationToken, and refuses any other', async (context) => {
  if (!docker) return context.skip('docker is not installed');
  await using setup = await setUp();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const ecr = new ECR({ endpoint: setup.berth.origin, region: 'us-east-1', credentials });
  const { authorizationData: [data] = [] } = await ecr.getAuthorizationToken({});
  const [user, password] = Buffer.from(data?.authorizationToken ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const config = join(setup.folder.path, 'docker');
  const login = (input: string) =>
    docker.run(['--config', config, 'login', '--username', String(user), '--password-stdin', setup.host], { input });

  expect((await login('no token')).code).not.toBe(0);
  const accepted = await login(String(password));
  expect(accepted, accepted.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('Login Succeeded') });
  const saved = JSON.parse(await readFile(join(config, 'config.json'), 'utf8')) as { auths: object };
  expect(Object.keys(saved.auths)).toEqual([setup.host]);
});

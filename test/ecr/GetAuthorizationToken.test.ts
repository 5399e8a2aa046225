import { GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, KNOWN_KEY, type RawOptions, serveThisFile } from './support/ecr-server.ts';
import { AT_LEAST, AT_MOST, refusalOf, violation } from './support/refusals.ts';

const server = await serveThisFile();
const { client, clock, host } = server;

interface Grant {
  readonly authorizationToken: string;
  readonly expiresAt: number;
  readonly proxyEndpoint: string;
}

async function grants(body: object | string = {}, options: RawOptions = {}): Promise<Grant[]> {
  const answer = await server.call('GetAuthorizationToken', body, options);
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body).authorizationData;
}

function passwordOf({ authorizationToken }: { authorizationToken?: string | undefined }): string {
  const [user, password, ...rest] = Buffer.from(authorizationToken ?? '', 'base64')
    .toString('utf8')
    .split(':');
  expect([user, rest]).toEqual(['AWS', []]);
  return password ?? '';
}

/** What docker would ask first. */
async function login(password: string): Promise<number> {
  const authorization = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
  const headers = [
    ['host', host],
    ['authorization', authorization],
  ] as const;
  const answer = await server.send({ method: 'GET', target: '/v2/', headers, body: Buffer.alloc(0) });
  return answer.status;
}

describe('GetAuthorizationToken', () => {
  it("answers one token for the caller's own registry, in the recorded order of members", async () => {
    const answer = await server.call('GetAuthorizationToken', '{}');
    const [{ authorizationToken } = { authorizationToken: '' }] = JSON.parse(answer.body).authorizationData as Grant[];
    expect(answer.body).toBe(
      `{"authorizationData":[{"authorizationToken":"${authorizationToken}","expiresAt":${(clock.now() + 43_200_000) / 1000},` +
        `"proxyEndpoint":"http://${host}"}]}`,
    );
  });

  it('is read by the SDK, with a time that has its milliseconds', async () => {
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand());
    expect(authorizationData).toEqual([
      {
        authorizationToken: expect.any(String),
        expiresAt: new Date(clock.now() + 43_200_000),
        proxyEndpoint: `http://${host}`,
      },
    ]);
  });

  it('gives a password that every client can keep: ASCII on one line, no colon, beginning with ey, under 2 KB', async () => {
    const [grant] = (await client.send(new GetAuthorizationTokenCommand())).authorizationData ?? [];
    const password = passwordOf(grant ?? {});
    expect(password).toMatch(/^ey[A-Za-z0-9+/=]+$/);
    expect(password.length).toBeLessThan(2000);
    expect(JSON.parse(Buffer.from(password, 'base64').toString('utf8'))).toMatchObject({
      version: '2',
      type: 'DATA_KEY',
      expiration: Math.floor((clock.now() + 43_200_000) / 1000),
    });
  });

  it('gives a password that opens the registry for twelve hours and no longer', async () => {
    const [grant] = (await client.send(new GetAuthorizationTokenCommand())).authorizationData ?? [];
    const password = passwordOf(grant ?? {});
    expect(await login(password)).toBe(200);
    clock.advance(43_200_000 - 1);
    expect(await login(password)).toBe(200);
    clock.advance(1);
    expect([401, 403]).toContain(await login(password));
    expect(await login(`${password.slice(0, -4)}AAAA`)).toBe(401);
  });

  it('answers one token for each registry named, in that order, each for its own', async () => {
    const registryIds = ['111111111111', ACCOUNT, '111111111111'];
    const { authorizationData = [] } = await client.send(new GetAuthorizationTokenCommand({ registryIds }));
    expect(authorizationData).toHaveLength(3);
    expect(new Set(authorizationData.map(passwordOf)).size).toBe(3);
    const ecr = await grants({ registryIds }, { headers: { host: 'api.ecr.us-east-1.amazonaws.com' } });
    expect(ecr.map(({ proxyEndpoint }) => proxyEndpoint)).toEqual(
      registryIds.map((id) => `https://${id}.dkr.ecr.us-east-1.amazonaws.com`),
    );
  });

  it.each([
    ['localhost:4327', 'http://localhost:4327'],
    ['localhost:99999', 'http://localhost:99999'],
    ['registry.localhost', 'http://registry.localhost'],
    ['[::1]:4327', 'http://[::1]:4327'],
    ['api.ecr.eu-west-1.amazonaws.com', `https://${KNOWN_KEY.accountId}.dkr.ecr.eu-west-1.amazonaws.com`],
    ['ecr.eu-west-1.amazonaws.com.cn:5443', `https://${KNOWN_KEY.accountId}.dkr.ecr.eu-west-1.amazonaws.com.cn:5443`],
  ])('answers a caller who addressed %s with the endpoint %s', async (addressed, proxyEndpoint) => {
    const [grant] = await grants('{}', {
      accessKeyId: KNOWN_KEY.id,
      secretAccessKey: KNOWN_KEY.secret,
      region: 'eu-west-1',
      headers: { host: addressed },
    });
    expect(grant?.proxyEndpoint).toBe(proxyEndpoint);
  });

  it('takes an empty body, and a scope without a region, as one credential helper sends it', async () => {
    expect(await grants('')).toHaveLength(1);
    expect(await grants('{}', { accessKeyId: 'AKIAUNKNOWN', region: '' })).toHaveLength(1);
  });

  it('takes 1 and 10 registries, not 0 or 11', async () => {
    const ask = (count: number) =>
      client.send(new GetAuthorizationTokenCommand({ registryIds: Array.from({ length: count }, () => ACCOUNT) }));
    for (const count of [1, 10]) expect((await ask(count)).authorizationData).toHaveLength(count);
    expect(await refusalOf(ask(0))).toEqual(violation('registryIds', `${AT_LEAST} 1`));
    expect(await refusalOf(ask(11))).toEqual(violation('registryIds', `${AT_MOST} 10`));
  });

  it.each(['12345678901', '1234567890123', 'localhost', '', '٠٠٠٠٠٠٠٠٠٠٠٠'])('refuses the registry %j', async (id) => {
    const call = client.send(new GetAuthorizationTokenCommand({ registryIds: [ACCOUNT, id] }));
    expect(await refusalOf(call)).toEqual(
      violation(
        'registryIds',
        'Member must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]{12}]',
      ),
    );
  });
});

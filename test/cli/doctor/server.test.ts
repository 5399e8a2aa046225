import { expect, test } from 'vitest';
import type { Patient } from '../../../src/cli/doctor/patient.ts';
import { unansweredFinding } from '../../../src/cli/doctor/unanswered.ts';
import { Unanswered } from '../../../src/cli/way/ask.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { run } from '../fake-terminal.ts';
import { otherServer } from '../support/other-server.ts';
import { type Diagnosis, patientOfThisFile } from '../support/patient.ts';

const { well, around, diagnose } = patientOfThisFile();
const found = ({ checks }: Diagnosis, name: string) => checks.find(({ check }) => check === name);
const skippedIn = ({ checks }: Diagnosis) =>
  checks.filter(({ state }) => state === 'skipped').map(({ check }) => check);

test('a way on which all is well is said to be, with what was found', async () => {
  const { code, out, err } = await run(['doctor', '--deep'], around());
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/\n\nAll is well\.\n$/);
  expect(out).toMatch(/^ok {7}berth {7}it is Berth \d/m);
  expect(out).toMatch(/^ok .*password for account 000000000000, region us-east-1, good until 20/m);
  expect(out).toMatch(/^ok {7}round-trip /m);
  expect(out).not.toMatch(/PROBLEM|Mend/);
});

test('--json has every check once, in the same order, and the number of problems', async () => {
  const whole = await diagnose();
  expect(whole).toMatchObject({ code: 0, problems: 0 });
  const names = 'name server berth clock keys token registry region proxy aws login helper docker containers';
  expect(whole.checks.map(({ check }) => check)).toEqual(names.split(' '));
  const gone = await diagnose({ AWS_ENDPOINT_URL_ECR: 'http://localhost:1', BERTH_ENDPOINT: 'http://localhost:1' });
  expect(gone.checks.map(({ check }) => check)).toEqual(names.split(' '));
});

test('a problem is printed with the line that mends it, and the exit code is 1', async () => {
  const { code, out } = await run(['doctor'], around({ AWS_ENDPOINT_URL_ECR: '' }));
  expect(code).toBe(1);
  expect(out).toContain(`\n${' '.repeat(21)}Mend: export AWS_ENDPOINT_URL_ECR=${well.endpoint}\n`);
  expect(out).toMatch(/\n1 problem\.\n$/);
});

test('the deep check leaves nothing behind', async () => {
  const { ECR } = await import('@aws-sdk/client-ecr');
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const ecr = new ECR({ endpoint: well.endpoint, region: 'us-east-1', credentials });
  expect(found(await diagnose({}, ['--deep']), 'round-trip')).toMatchObject({ state: 'ok' });
  expect((await ecr.describeRepositories({})).repositories).toEqual([]);
  ecr.destroy();
});

test('a name that nobody knows', async () => {
  const sick = await diagnose({ BERTH_ENDPOINT: 'http://registry.invalid:4327' });
  expect(found(sick, 'name')).toMatchObject({ state: 'problem', says: expect.stringContaining('registry.invalid') });
  expect(skippedIn(sick)).toEqual(expect.arrayContaining(['server', 'berth', 'clock', 'keys', 'token', 'registry']));
});

test('a port on which nobody listens', async () => {
  const gone = await otherServer(() => {});
  await gone[Symbol.asyncDispose]();
  const sick = await diagnose(gone.env);
  const { port } = new URL(gone.endpoint);
  expect(found(sick, 'server')).toEqual({
    check: 'server',
    state: 'problem',
    says: `nobody answers at ${gone.endpoint} (ECONNREFUSED)`,
    mend: `berth serve --port ${port}`,
  });
});

test('TLS where there is none', async () => {
  const sick = await diagnose({ BERTH_ENDPOINT: well.endpoint.replace('http:', 'https:') });
  expect(found(sick, 'server')).toMatchObject({
    state: 'problem',
    says: `what answers at ${well.host} does not speak TLS`,
    mend: `export BERTH_ENDPOINT=http://${well.host}`,
  });
});

test.each([
  ['https://a.test', 'DEPTH_ZERO_SELF_SIGNED_CERT', /does not trust the certificate/, /NODE_EXTRA_CA_CERTS/],
  ['https://a.test', 'CERT_HAS_EXPIRED', /does not trust the certificate/, /NODE_EXTRA_CA_CERTS/],
  ['http://a.test', 'HPE_INVALID_CONSTANT', /does not speak plain HTTP/, /BERTH_ENDPOINT=https:\/\/a\.test/],
  ['http://a.test', 'ECONNREFUSED', /nobody answers/, /--host 0\.0\.0\.0 --domain a\.test/],
  ['http://a.test', 'ETIMEDOUT', /nobody answers/, /firewall/],
  ['http://localhost:4327', 'ECONNREFUSED', /nobody answers/, /^berth serve$/],
])('%s that fails with %s', (endpoint, code, says, mend) => {
  const { host } = new URL(endpoint);
  const patient: Patient = { endpoint, host, hosts: [host], access: [], sources: around(), clock: systemClock };
  expect(unansweredFinding(patient, new Unanswered(endpoint, code))).toMatchObject({
    check: 'server',
    state: 'problem',
    says: expect.stringMatching(says),
    mend: expect.stringMatching(mend),
  });
});

test.each([
  [200, {}, 'hello', /is not Berth \(HTTP 200\)/, /export BERTH_ENDPOINT=/],
  [401, { 'www-authenticate': 'Bearer realm="x"' }, '', /is not Berth \(HTTP 401\)/, /export BERTH_ENDPOINT=/],
  [403, { server: 'AirTunes/695.5.1' }, '', /AirPlay Receiver/, /--port 4327/],
  [403, {}, '{"__type":"HostNotAllowed","message":"no"}', /does not answer to the name 127\.0\.0\.1/, /--domain 127/],
])('somebody who answers /v2/ with %d %j %s', async (status, headers, body, says, mend) => {
  await using other = await otherServer((_, response) => response.writeHead(status, headers).end(body));
  const sick = await diagnose(other.env);
  expect(found(sick, 'berth')).toMatchObject({
    state: 'problem',
    says: expect.stringMatching(says),
    mend: expect.stringMatching(mend),
  });
  expect(found(sick, 'token')).toMatchObject({ state: 'skipped' });
});

test('a clock that is wrong by more than signatures allow, and one that is not', async () => {
  const late = (minutes: number) => ({ now: () => Date.now() - minutes * 60_000 });
  const sick = await diagnose({}, [], late(20.5));
  expect(found(sick, 'clock')).toMatchObject({
    state: 'problem',
    says: expect.stringMatching(/20 min apart; signatures allow 15 min$/),
    mend: expect.stringContaining('sudo '),
  });
  expect(found(sick, 'token')).toMatchObject({ says: expect.stringContaining('Signature expired') });
  const well = await diagnose({}, [], late(10.5));
  expect(well.problems).toBe(0);
  expect(found(well, 'clock')).toMatchObject({ state: 'ok', says: expect.stringContaining('10 min apart') });
});

test('keys that cannot be used', async () => {
  await well.home.write('.aws/config', '[profile team]\nsso_session = corp\n');
  const sick = await diagnose({ AWS_PROFILE: 'team' });
  expect(found(sick, 'keys')).toMatchObject({
    state: 'problem',
    says: expect.stringContaining('sso_session'),
    mend: 'eval "$(aws configure export-credentials --profile team --format env)"',
  });
  const half = await diagnose({ AWS_ACCESS_KEY_ID: 'test' });
  expect(found(half, 'keys')).toMatchObject({ state: 'problem', mend: expect.stringContaining('export AWS_ACCESS') });
});

test('keys that are refused', async () => {
  const sick = await diagnose({ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'wrong' });
  expect([sick.code, sick.problems]).toEqual([1, 1]);
  expect(found(sick, 'keys')).toMatchObject({ state: 'ok', says: 'test (AWS_ACCESS_KEY_ID)' });
  expect(found(sick, 'token')).toMatchObject({
    state: 'problem',
    says: expect.stringContaining('The request signature we calculated does not match'),
    mend: expect.stringContaining('export AWS_ACCESS_KEY_ID=test'),
  });
  expect(JSON.stringify(sick)).not.toContain('wrong');
});

test('a registry that does not take its own password, and a server that cannot keep an image', async () => {
  const data = [{ authorizationToken: Buffer.from('AWS:x').toString('base64'), expiresAt: 4e9 }];
  const challenge = { 'www-authenticate': 'Basic realm="x",service="ecr.amazonaws.com"' };
  let taken = 401;
  await using other = await otherServer((request, response) => {
    const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1];
    if (operation === 'GetAuthorizationToken') response.end(JSON.stringify({ authorizationData: data }));
    else if (operation !== undefined) response.writeHead(400).end('{"__type":"X","message":"not today"}');
    else response.writeHead(request.headers.authorization === undefined ? 401 : taken, challenge).end();
  });
  const sick = await diagnose(other.env, ['--deep']);
  expect(found(sick, 'registry')).toMatchObject({ state: 'problem', says: expect.stringContaining('(HTTP 401)') });
  expect(found(sick, 'round-trip')).toMatchObject({ state: 'skipped' });
  taken = 200;
  expect(found(await diagnose(other.env, ['--deep']), 'round-trip')).toMatchObject({
    state: 'problem',
    says: 'the server does not create a repository (HTTP 400: not today)',
  });
});

import { expect, test } from 'vitest';
import { problems, resolve } from './given.ts';

const at = (path: string) => ({ [path]: 'port: 1' });

test('the file is looked for at --config, BERTH_CONFIG, the working folder and the configuration home, in this order', () => {
  const files = {
    ...at('/home/ann/.config/berth/berth.yaml'),
    '/here/berth.yaml': 'port: 2',
    '/env.yaml': 'port: 3',
    '/here/flag.yaml': 'port: 4',
  };
  const env = { BERTH_CONFIG: '/env.yaml' };
  const port = (given: Parameters<typeof resolve>[0]) => resolve(given).settings.port;
  expect(port({ flags: { config: 'flag.yaml' }, env, files })).toBe(4);
  expect(port({ env, files })).toBe(3);
  expect(port({ files })).toBe(2);
  expect(port({ files: at('/home/ann/.config/berth/berth.yaml') })).toBe(1);
  expect(port({ env: { XDG_CONFIG_HOME: '/xdg' }, files: at('/xdg/berth/berth.yaml') })).toBe(1);
  expect(port({})).toBe(4327);
});

test('a file that is named must be there', () => {
  expect(problems({ flags: { config: 'gone.yaml' } })).toEqual(['--config: there is no file /here/gone.yaml']);
  expect(problems({ env: { BERTH_CONFIG: '/gone.yaml' } })).toEqual(['BERTH_CONFIG: there is no file /gone.yaml']);
});

test('JSON is read too, also with tabs', () => {
  const files = { '/here/c.json': '{\n\t"port": 8080,\n\t"createOnPush": false,\n\t"domains": ["a.example"]\n}\n' };
  const { settings, origins } = resolve({ flags: { config: 'c.json' }, files });
  expect(settings).toMatchObject({ port: 8080, createOnPush: false, domains: ['a.example'] });
  expect(origins.createOnPush).toBe('/here/c.json:3');
});

test('an account keeps its leading zeros without quotes', () => {
  expect(resolve({ files: { '/here/berth.yaml': 'account: 000000000042' } }).settings.account).toBe('000000000042');
});

test.each(['', '# nothing\n', '---\n', 'port:\n', 'port: ~\n', 'port: null\n', '{}'])('%j sets nothing', (text) => {
  expect(resolve({ files: { '/here/berth.yaml': text } }).origins.port).toBe('default');
});

test('an unknown key is refused with its line and the key it was probably meant to be', () => {
  expect(problems({ files: { '/here/berth.yaml': 'port: 1\ndata-dir: x\nnothingLikeIt: 1\n' } })).toEqual([
    "/here/berth.yaml:2: unknown key 'data-dir' (did you mean 'dataDir'?)",
    "/here/berth.yaml:3: unknown key 'nothingLikeIt'",
  ]);
});

test.each([
  ['port: [1\n', 2],
  ['port: 1\nport: 2\n', 2],
  ['- port: 1\n', 1],
  ['just text', 1],
  ['a:\n  b\n c: d\n', 2],
  ['port: 1\nhost: !thing x\n', 2],
  ['port: &x 1\nregion: *x\n', 2],
  ['\n? [a]\n: b\n', 2],
])('%j is refused with its line', (text, line) => {
  expect(problems({ files: { '/here/berth.yaml': text } })[0]).toMatch(new RegExp(`^/here/berth\\.yaml:${line}: `));
});

test('a file that cannot be read is a problem, not a crash', () => {
  expect(() =>
    resolve({
      flags: { config: 'x' },
      files: new Proxy(
        {},
        {
          get: () => {
            throw new Error('EACCES: permission denied');
          },
        },
      ),
    }),
  ).toThrow('cannot read /here/x: EACCES: permission denied');
});

const TEST = { accessKeyId: 'test', secretAccessKey: 'test', accountId: undefined };
const LIST = `credentials:
  - accessKeyId: AKIAEXAMPLE
    secretAccessKey: s3cret/+=
    accountId: 000000000007
  - accessKeyId: other
    secretAccessKey: hidden
`;

test('credentials come from the file, after the built-in pair of profile local', () => {
  const known = [
    { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 's3cret/+=', accountId: '000000000007' },
    { accessKeyId: 'other', secretAccessKey: 'hidden', accountId: undefined },
  ];
  const files = { '/here/berth.yaml': LIST };
  expect(resolve({}).settings.credentials).toEqual([TEST]);
  expect(resolve({ files }).settings.credentials).toEqual([TEST, ...known]);
  expect(resolve({ files, flags: { profile: 'production' } }).settings.credentials).toEqual(known);
});

test('the file can give the key test another secret', () => {
  const files = { '/here/berth.yaml': 'credentials: [{accessKeyId: test, secretAccessKey: better}]' };
  expect(resolve({ files }).settings.credentials).toEqual([{ ...TEST, secretAccessKey: 'better' }]);
});

test.each([
  ['credentials: x', 'credentials is'],
  ['credentials: [x]', 'credentials[0] is'],
  ['credentials: [{accessKeyId: a}]', 'credentials[0].secretAccessKey is'],
  ['credentials: [{accessKeyId: a, secretAccessKey: "hush "}]', 'credentials[0].secretAccessKey is'],
  ['credentials: [{accessKeyId: a b, secretAccessKey: hush}]', 'credentials[0].accessKeyId is'],
  ['credentials: [{accessKeyId: a, secretAccessKey: hush, accountId: 12}]', 'credentials[0].accountId is'],
  [
    'credentials: [{accessKeyId: a, secretAccessKey: hush}, {accessKeyId: a, secretAccessKey: hush}]',
    'credentials[1].accessKeyId is',
  ],
  [
    'credentials: [{accessKeyId: a, secretAccesKey: hush, secretAccessKey: hush}]',
    "unknown key 'secretAccesKey' in credentials[0] (did you mean 'secretAccessKey'?)",
  ],
])('%j is refused with its place and without its secret', (text, place) => {
  const found = problems({ files: { '/here/berth.yaml': text } });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^\/here\/berth\.yaml:1: /);
  expect(found[0]).toContain(place);
  expect(found[0]).not.toContain('hush');
});

test('the line of a bad credential is its own', () => {
  const [problem] = problems({ files: { '/here/berth.yaml': LIST.replace('hidden', '"a b"') } });
  expect(problem).toMatch(/^\/here\/berth\.yaml:6: credentials\[1\]\.secretAccessKey /);
});

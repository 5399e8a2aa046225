import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SETTING_NAMES, variableOf } from '../../src/config/settings.ts';
import { run } from './fake-terminal.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

test('berth alone prints the help on stdout', async () => {
  const { code, out, err } = await run([]);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^Usage: berth /);
  expect(out).toContain('serve');
});

test('berth --version prints the version of the package', async () => {
  expect(await run(['--version'])).toMatchObject({ code: 0, out: `${version}\n`, err: '' });
});

test('berth serve --help names every setting with its flag, variable and default', async () => {
  const { code, out } = await run(['serve', '--help']);
  expect(code).toBe(0);
  const text = out.replace(/\s+/g, ' ');
  for (const name of SETTING_NAMES.filter((setting) => setting !== 'credentials')) {
    expect(text).toContain(`; ${variableOf(name)})`);
  }
  expect(text).toContain('--data-dir <folder>');
  expect(text).toContain('--no-create-on-push');
  expect(text).toContain('(default: 4327; BERTH_PORT)');
  expect(text).not.toContain('undefined');
});

test.each([
  [['serve', '--prot', '1'], "unknown option '--prot'", '--port'],
  [['serve', '--domains', 'a'], "unknown option '--domains'", '--domain'],
  [['serv'], "unknown command 'serv'", 'serve'],
])('%j is refused with a suggestion', async (argv, problem, meant) => {
  const { code, out, err } = await run(argv);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(problem);
  expect(err).toMatch(new RegExp(`Did you mean ${meant}\\?`));
});

test.each([[['config']], [['serve', 'extra']], [['serve', '--port']], [['--port', '1']]])(
  '%j is wrong usage',
  async (argv) => {
    const { code, err } = await run(argv);
    expect(code).toBe(2);
    expect(err).toMatch(/^(?:error|Usage): /);
  },
);

test('problems of the configuration are printed a line each, and nothing starts', async () => {
  const { code, out, err } = await run(['serve', '--port', 'x', '--region', 'X'], { env: { BERTH_PROT: '1' } });
  expect([code, out]).toEqual([2, '']);
  const lines = err.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines.every((line) => line.startsWith('error: '))).toBe(true);
  expect(err).not.toContain('    at ');
});

test('berth config show prints each setting with its value and origin, and no secret', async () => {
  const { code, out } = await run(
    ['config', 'show', '--gc-grace', '90m', '--no-create-on-push', '--domain', 'a', '--domain', 'b,c'],
    {
      env: { BERTH_PORT: '1' },
      files: { '/here/berth.yaml': 'region: onprem-1\ncredentials: [{accessKeyId: KEY, secretAccessKey: hush}]\n' },
    },
  );
  expect(code).toBe(0);
  const rows = Object.fromEntries(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/))
      .map(([name, ...rest]) => [name, rest]),
  );
  expect(Object.keys(rows)).toEqual(SETTING_NAMES);
  expect(rows).toMatchObject({
    host: ['127.0.0.1', 'default'],
    port: ['1', 'BERTH_PORT'],
    region: ['onprem-1', '/here/berth.yaml:1'],
    gcGrace: ['90m', '--gc-grace'],
    uploadExpiry: ['1d', 'default'],
    createOnPush: ['false', '--create-on-push'],
    domains: ['a,b,c', '--domain'],
    credentials: ['test,KEY', '/here/berth.yaml:2'],
  });
  expect(out).not.toContain('hush');
});

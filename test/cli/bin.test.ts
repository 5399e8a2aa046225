import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'berth-bin-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A package with our bin/ and a main of its own, at the place that `main` names. */
function packageWith(name: string, main: string, source: string): string {
  const root = join(folder, name);
  mkdirSync(join(root, main, '..'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, main), source);
  cpSync('bin', join(root, 'bin'), { recursive: true });
  return join(root, 'bin/berth.js');
}

function run(node: string, bin: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(node, [bin, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('a checkout runs src/main.ts with what was typed, and exits with its code', () => {
  const source = 'export const main = async (argv: string[]): Promise<number> => { console.log(...argv); return 3; };';
  const bin = packageWith('checkout', 'src/main.ts', source);
  expect(run(process.execPath, bin, 'serve', '--port', '0')).toEqual({
    status: 3,
    stdout: 'serve --port 0\n',
    stderr: '',
  });
});

test('the published package runs dist/main.js', () => {
  const bin = packageWith('package', 'dist/main.js', 'export const main = async () => 0;');
  expect(run(process.execPath, bin)).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('a program that throws after all ends with 1', () => {
  const bin = packageWith('broken', 'dist/main.js', 'export const main = async () => { throw new Error("lost"); };');
  expect(run(process.execPath, bin)).toMatchObject({ status: 1, stderr: expect.stringContaining('Error: lost') });
});

test('the heap stays small however much survives for a while, in a checkout and in the package', () => {
  const source = `
    import { getHeapSpaceStatistics } from 'node:v8';
    export async function main() {
      const kept = [];
      const most = { new_space: 0, old_space: 0 };
      for (let number = 0; number < 1_000_000; number++) {
        kept[number % 100_000] = { number, text: 'x' + number };
        if (number % 10_000 > 0) continue;
        for (const { space_name: name, space_size: size } of getHeapSpaceStatistics()) {
          if (name in most) most[name] = Math.max(most[name], size);
        }
      }
      console.log(JSON.stringify(most));
      return 0;
    }`;
  for (const main of ['src/main.ts', 'dist/main.js']) {
    const { status, stdout } = run(process.execPath, packageWith(`churn-${main.slice(-2)}`, main, source));
    expect(status).toBe(0);
    // Node by itself lets the young generation grow to 67 MB here.
    expect(JSON.parse(stdout).new_space).toBeLessThan(16e6);
  }
});

const oldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((path) => join(path, 'node'))
  .filter((path) => existsSync(path))
  .find((path) => Number(/^v(\d+)/.exec(run(path, '--version').stdout)?.[1] ?? 99) < 24);

test('the helper of docker runs src/ in a checkout and dist/ in the package, and says on stdout what goes wrong', () => {
  const main = 'export const main = async (argv) => { console.log(...argv); return 1; };';
  for (const place of ['src/cli/docker-credential/program.ts', 'dist/cli/docker-credential/program.js']) {
    const bin = packageWith(`helper-${place.slice(0, 3)}`, place, main).replace(
      'berth.js',
      'docker-credential-berth.js',
    );
    expect(run(process.execPath, bin, 'get')).toEqual({ status: 1, stdout: 'get\n', stderr: '' });
  }
  const thrown = packageWith('helper-broken', 'dist/cli/docker-credential/program.js', 'throw new Error("lost");');
  expect(run(process.execPath, thrown.replace('berth.js', 'docker-credential-berth.js'), 'get')).toMatchObject({
    status: 1,
    stdout: 'docker-credential-berth failed: lost\n',
  });
});

test('an older Node says so in one line and exits with 2', (context) => {
  if (oldNode === undefined) return context.skip('no Node older than 24 is on the PATH');
  const result = run(oldNode, 'bin/berth.js', 'serve');
  expect(result).toMatchObject({ status: 2, stdout: '' });
  expect(result.stderr).toMatch(/^berth needs Node\.js 24 or newer; this is v\d+\.\d+\.\d+\.\n$/);
  const helper = run(oldNode, 'bin/docker-credential-berth.js', 'get');
  expect(helper).toMatchObject({ status: 1, stderr: '' });
  expect(helper.stdout).toMatch(/^docker-credential-berth needs Node\.js 24 or newer; this is v\d+\.\d+\.\d+\.\n$/);
});

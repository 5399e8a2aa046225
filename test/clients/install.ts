import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { CLIENTS, CLIENTS_FOLDER, commandOf, folderOf, type Listed, type Source } from './catalogue.ts';

/**
 * Installs the clients that are not here yet: `npm run clients:install`. What cannot be had is said, and no failure: the
 * tests of a client that is not here are skipped, and say so.
 */
const sources = Object.values<Listed>(CLIENTS).map(({ source }) => source);
const ofKind = <K extends Source['kind']>(kind: K) =>
  sources.filter((source): source is Extract<Source, { kind: K }> => source.kind === kind);

/** For all of it, in milliseconds: enough on two cores with nothing cached, and an end if a registry does not answer. */
const PATIENCE = 270_000;

/** Go is also where its own archive puts it, whatever PATH says. */
const WITH_GO = { PATH: [process.env['PATH'], '/usr/local/go/bin'].join(delimiter) };

await installDebianPackages(ofKind('debian').map((source) => source.package));
await installPythonPackages(ofKind('python').map(({ package: name, version }) => `${name}==${version}`));
for (const source of ofKind('go')) await buildGoProgram(source);

async function installDebianPackages(packages: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of packages) if (!(await works('dpkg', ['-s', name]))) missing.push(name);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) return say(`${missing.join(', ')}: only root can install packages of Debian`);
  await attempt(missing.join(', '), async () => {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
      DEBIAN_FRONTEND: 'noninteractive',
    });
  });
}

/** One environment for all of them; its list of what is in it says when it is complete. */
async function installPythonPackages(requirements: readonly string[]): Promise<void> {
  const folder = join(CLIENTS_FOLDER, 'python');
  const list = join(folder, 'installed.txt');
  const wanted = requirements.join('\n');
  if (existsSync(list) && readFileSync(list, 'utf8') === wanted) return;
  await attempt(requirements.join(', '), async () => {
    rmSync(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...requirements]);
    writeFileSync(list, wanted);
  });
}

async function buildGoProgram(source: Extract<Source, { kind: 'go' }>): Promise<void> {
  const folder = folderOf(source);
  if (existsSync(join(folder, commandOf(source.program)))) return;
  const program = `${source.program}@${source.version}`;
  if (!(await works('go', ['version'], WITH_GO))) return say(`${program}: there is no Go here`);
  // What would be broken off takes processors from what is not.
  if (timeLeft() < source.seconds * 1000) return say(`${program}: left out, there is no time left for it`);
  await attempt(program, () =>
    run('go', ['install', '-ldflags=-s -w', '-gcflags=all=-dwarf=false', program], {
      ...WITH_GO,
      GOBIN: folder,
      CGO_ENABLED: '0',
      GOTOOLCHAIN: 'local',
    }),
  );
}

async function attempt(what: string, work: () => Promise<void>): Promise<void> {
  const started = performance.now();
  try {
    await work();
    say(`${what}: installed in ${Math.round((performance.now() - started) / 1000)} s`);
  } catch (error) {
    const { stderr = '', message, killed = false } = error as Error & { stderr?: string; killed?: boolean };
    const why = killed ? 'it takes too long' : stderr.trim().split('\n').slice(-3).join('; ') || message;
    say(`${what}: cannot be installed: ${why}`);
  }
}

type Variables = Readonly<Record<string, string>>;

async function run(command: string, args: readonly string[], env: Variables = {}, timeout = timeLeft()): Promise<void> {
  const child = promisify(execFile)(command, args, { env: { ...process.env, ...env }, timeout });
  child.child.stdin?.end();
  await child;
}

function timeLeft(): number {
  return Math.max(1, Math.ceil(PATIENCE - performance.now()));
}

async function works(command: string, args: readonly string[], env: Variables = {}): Promise<boolean> {
  return run(command, args, env, 10_000).then(
    () => true,
    () => false,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

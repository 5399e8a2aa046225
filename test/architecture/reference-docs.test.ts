import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/admin/routes.ts';
import { PLANS } from '../../src/metadata/postgres/open-pool.ts';
import { FAMILIES, type Family } from '../../src/metrics/families.ts';
import { renderProcess } from '../../src/metrics/process-metrics.ts';
import { run } from '../cli/fake-terminal.ts';
import { parseExposition } from '../metrics/parse-exposition.ts';

const DOCS = join(import.meta.dirname, '../../docs/reference');
const cli = await readFile(join(DOCS, 'cli.md'), 'utf8');
const api = await readFile(join(DOCS, 'operator-api.md'), 'utf8');

const scaledOut = await readFile(join(DOCS, '../operations/scaled-out.md'), 'utf8');
const metrics = await readFile(join(DOCS, 'metrics.md'), 'utf8');

const COMMANDS = [
  ['login'],
  ['logout'],
  ['usage'],
  ['images', 'delete'],
  ['restore'],
  ['gc', 'status'],
  ['gc', 'run'],
  ['fsck'],
  ['migrate'],
  ['import'],
];

describe('docs/reference/cli.md', () => {
  it.each(COMMANDS.map((command) => [command.join(' '), command] as const))(
    'has berth %s, with all of its flags',
    async (name, command) => {
      expect(cli).toContain(`\`berth ${name}`);
      const { out } = await run([...command, '--help']);
      const flags = [...out.matchAll(/^ {2}(?:-h, )?(--[a-z0-9-]+)/gm)].flatMap(([, flag]) => flag ?? []);
      expect(flags.length).toBeGreaterThan(2);
      expect(flags.filter((flag) => flag !== '--help' && !cli.includes(flag.replace('--no-', '--')))).toEqual([]);
    },
  );
});

describe('docs/reference/operator-api.md', () => {
  it('has every path with its method, and no other', () => {
    const served = Object.entries(ROUTES).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const written = [...api.matchAll(/^\| `((?:GET|POST) [a-z/]+)` \|/gm)].flatMap(([, request]) => request ?? []);
    expect(written.sort()).toEqual(served.sort());
  });
});

describe('docs/reference/metrics.md', () => {
  it('has the table of what Berth publishes, word for word', () => {
    const rows = Object.entries<Family>(FAMILIES).map(([name, { type, labels, help }]) => {
      return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
    });
    const written = metrics.split('\n').filter((line) => line.startsWith('| `berth_'));
    expect(written.map((line) => line.replaceAll('|  |', '| |'))).toEqual(
      rows.map((row) => row.replaceAll('|  |', '| |')),
    );
  });

  it.runIf(process.platform === 'linux')('names what it publishes of the process, and nothing else', async () => {
    const published = [...parseExposition(await renderProcess()).keys()];
    const written = [...metrics.matchAll(/`((?:process|nodejs)_[a-z_]+)`/g)].flatMap(([, name]) => name ?? []);
    expect(published.length).toBeGreaterThan(10);
    expect(written.toSorted()).toEqual(published.toSorted());
  });
});

describe('docs/operations/scaled-out.md', () => {
  it('has what PostgreSQL is to be told where nothing is let pass that Berth asks for', () => {
    for (const [name, value] of Object.entries(PLANS))
      expect(scaledOut).toContain(`ALTER ROLE berth SET ${name} = ${value};`);
  });
});

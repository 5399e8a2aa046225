import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/admin/routes.ts';
import { run } from '../cli/fake-terminal.ts';

const DOCS = join(import.meta.dirname, '../../docs/reference');
const cli = await readFile(join(DOCS, 'cli.md'), 'utf8');
const api = await readFile(join(DOCS, 'operator-api.md'), 'utf8');

const COMMANDS = [['usage'], ['images', 'delete'], ['restore'], ['gc', 'status'], ['gc', 'run'], ['fsck']];

describe('docs/reference/cli.md', () => {
  it.each(COMMANDS.map((command) => [command.join(' '), command] as const))(
    'has berth %s, with all of its flags',
    async (name, command) => {
      expect(cli).toContain(`\`berth ${name}`);
      const { out } = await run([...command, '--help']);
      const flags = [...out.matchAll(/^ {2}(?:-h, )?(--[a-z-]+)/gm)].flatMap(([, flag]) => flag ?? []);
      expect(flags.length).toBeGreaterThan(3);
      expect(flags.filter((flag) => flag !== '--help' && !cli.includes(flag))).toEqual([]);
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

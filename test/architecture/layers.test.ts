import { describe, expect, test } from 'vitest';
import { areaOf, modulesNamedIn, readSourceFiles } from './source-files.ts';

const files = await readSourceFiles();
const known = new Set(files.map((file) => file.path));

/** The floors of the house. A file may use what is on the floors below its own, and what is in its own folder. */
const FLOORS: readonly (readonly string[])[] = [
  ['model'],
  ['aws'],
  ['config', 'metadata', 'blobs'],
  ['registry', 'policy', 'data-folder'],
  ['http', 'workers', 'stores'],
  ['ecr', 'oci', 'admin', 'metrics', 'cli'],
  ['main.ts'],
];

const floorOf = (area: string) => FLOORS.findIndex((floor) => floor.includes(area));

/** Folders below that are nobody's business but of those named. */
const ONLY_FOR: Readonly<Record<string, readonly string[]>> = {
  // Settings are values by the time the program is wired.
  config: ['cli', 'data-folder', 'stores', 'main.ts'],
  // Which databases and stores there are is known where they are opened.
  'metadata/sqlite': ['metadata', 'stores'],
  'metadata/postgres': ['metadata', 'stores', 'main.ts'],
  'blobs/file-system': ['blobs', 'data-folder', 'stores'],
  'blobs/s3': ['blobs', 'stores'],
  'data-folder': ['stores'],
  stores: ['metrics', 'main.ts'],
  workers: ['admin', 'metrics', 'main.ts'],
  // Who is spoken to as AWS is, and who speaks so to a bucket.
  aws: ['blobs', 'ecr', 'admin', 'cli', 'main.ts'],
};

/** Who may speak to the outside world: everybody else does so through a port. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  fastify: ['http', 'ecr', 'oci', 'admin', 'metrics'],
  'node:http': ['http', 'ecr', 'oci', 'cli'],
  'node:https': ['cli'],
  'node:net': ['http', 'config'],
  'node:fs': ['blobs', 'config', 'cli', 'data-folder'],
  'node:fs/promises': ['blobs', 'config', 'cli', 'data-folder', 'metadata'],
  'node:sqlite': ['metadata', 'data-folder'],
  kysely: ['metadata'],
  pg: ['metadata'],
  commander: ['cli'],
  pino: ['http'],
  'prom-client': ['metrics'],
  yaml: ['config'],
  '@aws-sdk/client-ecr': ['ecr'],
  '@aws-sdk/client-s3': ['blobs'],
  '@aws-sdk/s3-request-presigner': ['blobs'],
};

/** A place where something forbidden elsewhere has its reason. */
const CLOCKS = ['model/clock.ts', 'http/logger.ts'];
const ENVIRONMENT = ['config/system-sources.ts'];

const edges = files.flatMap((file) => file.imports.map((target) => ({ from: file.path, to: target })));
const show = ({ from, to }: { from: string; to: string }) => `${from} imports ${to}`;

describe('These tests', () => {
  test('see the source, and every import in it', () => {
    expect(files.length).toBeGreaterThan(150);
    expect(edges.length).toBeGreaterThan(500);
    expect(edges.filter(({ to }) => !known.has(to)).map(show)).toEqual([]);
    expect(edges.map(show)).toContain('main.ts imports cli/program.ts');
    expect(edges.map(show)).toContain(
      'registry/deletion/delete-images.ts imports registry/deletion/decide-deletion.ts',
    );
  });

  test('read imports in all their forms', () => {
    const text = [
      "import a from './a.ts';",
      "import type { B } from './b.ts';",
      "import {\n  type C,\n  d,\n} from './c.ts';",
      "export { e } from './e.ts';",
      "import './f.ts';",
      "const g = await import('./g.ts');",
      "const text = 'from nowhere';",
      "// import x from './x.ts';",
    ].join('\n');
    expect(modulesNamedIn(text).sort()).toEqual(['a', 'b', 'c', 'e', 'f', 'g'].map((name) => `./${name}.ts`));
  });

  test('know the floor of every folder', () => {
    expect(new Set(files.map((file) => file.area))).toEqual(new Set(FLOORS.flat()));
  });
});

describe('Imports', () => {
  test('go downwards, or stay in their folder', () => {
    const upwards = edges.filter(({ from, to }) => {
      const [above, below] = [areaOf(from), areaOf(to)];
      return above !== below && floorOf(above) <= floorOf(below);
    });
    expect(upwards.map(show)).toEqual([]);
  });

  test('leave alone what is not meant for them', () => {
    const trespassing = edges.filter(({ from, to }) =>
      Object.entries(ONLY_FOR).some(
        ([folder, users]) =>
          to.startsWith(`${folder}/`) && areaOf(from) !== areaOf(folder) && !users.includes(areaOf(from)),
      ),
    );
    expect(trespassing.map(show)).toEqual([]);
  });

  test('of databases and stores from elsewhere in their folders name the port, not the implementation', () => {
    const inside = edges.filter(
      ({ from, to }) =>
        /^(metadata\/(sqlite|postgres)|blobs\/(file-system|s3))\//.test(to) &&
        !from.startsWith(to.split('/').slice(0, 2).join('/')),
    );
    expect(new Set(inside.map(({ from }) => areaOf(from)))).toEqual(new Set(['data-folder', 'stores']));
  });

  test('never run in a circle', () => {
    const targets = new Map(files.map((file) => [file.path, file.imports]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' > '));
      if (trail.includes(path) || done.has(path)) return;
      for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const path of known) visit(path, []);
    expect(circles).toEqual([]);
  });

  test('of packages stay where the outside world begins', () => {
    const used = new Set(files.flatMap((file) => file.packages));
    expect(Object.keys(PACKAGES).filter((name) => !used.has(name))).toEqual([]);
    const leaks = files.flatMap((file) =>
      file.packages
        .filter((name) => PACKAGES[name] && !PACKAGES[name].includes(file.area))
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(leaks).toEqual([]);
  });

  test('of the AWS SDK are for types: the server does not carry a client, unless it stores in S3', () => {
    const atRunTime = (module: string) => new RegExp(`^import (?!type\\b)[^;]*from '${module}`, 'm');
    const carrying = files.filter(({ text }) => atRunTime('@aws-sdk').test(text)).map((file) => file.path);
    expect(carrying.length).toBeGreaterThan(3);
    expect(carrying.filter((path) => !path.startsWith('blobs/s3/'))).toEqual([]);
    // The room's door is opened by who has found it named in the settings, and by nobody on the way in.
    const others = files.filter(({ path }) => !path.startsWith('blobs/s3/') && path !== 'stores/open-bucket.ts');
    const door = atRunTime("[^']*(?:blobs/s3/|stores/open-bucket|\\./open-bucket)");
    expect(others.filter(({ text }) => door.test(text)).map((file) => file.path)).toEqual([]);
  });
});

describe('A file', () => {
  test('is named in kebab-case, after AWS where it is an operation, and never after nothing in particular', () => {
    const names = files.map((file) => file.path);
    expect(names.some((path) => /^ecr\/operations\/[a-z-]+\/[A-Z]\w+\.ts$/.test(path))).toBe(true);
    const odd = names.filter(
      (path) =>
        !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(path) &&
        !/^ecr\/operations\/[a-z-]+\/(?:[A-Z][a-z0-9]+)+\.ts$/.test(path),
    );
    expect(odd).toEqual([]);
    const vague = /(?:^|[-/])(?:utils?|helpers?|managers?|services?|index|common|misc|shared)(?:[-./]|$)/;
    expect(names.filter((path) => vague.test(path))).toEqual([]);
    expect(
      ['a/utils.ts', 'helpers/a.ts', 'a/index.ts', 'blob-manager.ts'].filter((path) => vague.test(path)),
    ).toHaveLength(4);
  });

  test('has 300 lines at most', () => {
    const long = files.map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }));
    expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
  });

  test('asks the clock that it is given, not the one on the wall, and leaves chance to those who name things', () => {
    const wall = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/;
    expect(
      files
        .filter((file) => wall.test(file.text))
        .map((file) => file.path)
        .sort(),
    ).toEqual([...CLOCKS].sort());
  });

  test('knows of the environment only where settings are read', () => {
    const reading = /\bprocess\.env\b|\bimport \{[^}]*\benv\b[^}]*\} from 'node:process'/;
    const code = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    expect(files.filter((file) => reading.test(code(file.text))).map((file) => file.path)).toEqual(ENVIRONMENT);
  });
});

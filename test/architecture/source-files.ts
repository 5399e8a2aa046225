import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';

const SOURCE = join(import.meta.dirname, '../../src');

export interface SourceFile {
  /** Relative to `src`, with forward slashes. */
  readonly path: string;
  /** The folder directly below `src`; `main.ts` for that file. */
  readonly area: string;
  readonly text: string;
  /** Paths, as `path`, of the files of ours that it imports, whether for values or for types. */
  readonly imports: readonly string[];
  /** Modules of others: packages and parts of Node.js. */
  readonly packages: readonly string[];
}

export async function readSourceFiles(): Promise<SourceFile[]> {
  const names = await readdir(SOURCE, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath.slice(SOURCE.length + 1).replaceAll('\\', '/'), entry.name))
    .sort();
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(SOURCE, path), 'utf8');
      const named = modulesNamedIn(text);
      const ours = named.filter((module) => module.startsWith('.'));
      return {
        path,
        area: areaOf(path),
        text,
        imports: ours.map((module) => posix.join(posix.dirname(path), module)),
        packages: named.filter((module) => !module.startsWith('.')),
      };
    }),
  );
}

export function areaOf(path: string): string {
  return path.split('/')[0] ?? path;
}

/** What stands after `from` in imports and exports, in imports for their effect, and in imports at run time. */
export function modulesNamedIn(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\b[^;'"`]*?\bfrom '([^']+)'/gm);
  const effects = text.matchAll(/^import '([^']+)'/gm);
  const atRunTime = text.matchAll(/\bimport\('([^']+)'\)/g);
  return [...statements, ...effects, ...atRunTime].flatMap(([, module]) => module ?? []);
}

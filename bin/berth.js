#!/usr/bin/env node
// Nothing newer than import() and no static imports: an old Node must get as far as the sentence below.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(`berth needs Node.js 24 or newer; this is ${process.version}.`);
  process.exitCode = 2;
} else {
  // Threads for work with files, made when the first of it comes. Most of them wait for the disk, which makes those who push wait
  // for each other where there are only Node's four; a thread that waits costs next to nothing.
  process.env.UV_THREADPOOL_SIZE ??= '12';
  import('node:v8')
    .then(({ setFlagsFromString }) => {
      // Before anything is loaded, for loading lets the heap grow: docs/adr/0018-a-small-heap.md.
      setFlagsFromString('--semi-space-growth-factor=1');
      setFlagsFromString('--heap-growing-percent=50');
      return Promise.all([import('node:fs'), import('node:module'), import('node:os'), import('node:path')]);
    })
    .then(([{ existsSync }, { enableCompileCache }, { homedir }, { join }]) => {
      // What was compiled once is not compiled at the next start; without such a folder, every time. In the user's own
      // folder and not in the system's for temporary files, where others could have put something to be run. After the
      // flags above: what was compiled under others is of no use.
      enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'berth'));
      // A checkout runs its TypeScript as it stands; the published package has no src/, only what was built from it.
      const source = new URL('../src/main.ts', import.meta.url);
      return import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
    })
    .then(({ main }) => main(process.argv.slice(2)))
    .then(
      (code) => {
        process.exitCode = code;
      },
      (error) => {
        console.error(error);
        process.exitCode = 1;
      },
    );
}

#!/usr/bin/env node
// What goes wrong is said on stdout, where docker reads it. No static imports: an old Node must get as far as the sentence.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.log(`docker-credential-berth needs Node.js 24 or newer; this is ${process.version}.`);
  process.exitCode = 1;
} else {
  import('node:fs')
    .then(({ existsSync }) => {
      const source = new URL('../src/cli/docker-credential/program.ts', import.meta.url);
      const built = new URL('../dist/cli/docker-credential/program.js', import.meta.url);
      return import(existsSync(source) ? source.href : built.href);
    })
    .then(({ main }) => main(process.argv.slice(2)))
    .then(
      (code) => {
        process.exitCode = code;
      },
      (error) => {
        console.error(error);
        console.log(`docker-credential-berth failed: ${error instanceof Error ? error.message : error}`);
        process.exitCode = 1;
      },
    );
}

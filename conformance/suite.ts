import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The official suite of the distribution specification, at one version. */
export const SUITE = {
  module: 'github.com/opencontainers/distribution-spec/conformance',
  version: 'v0.0.0-20260831232431-97274622c111',
  date: '2026-08-31',
} as const;

/** What it knows of the specification: the last release, and what is to be the next. */
export const SPEC_VERSIONS = ['1.1', 'dev'] as const;
export type SpecVersion = (typeof SPEC_VERSIONS)[number];

/** Go as it is in the path, or where its installation puts it; `undefined` where it is not. */
export async function findGo(path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const folder of [...path.split(delimiter), '/usr/local/go/bin']) {
    const go = join(folder, 'go');
    if (
      folder !== '' &&
      (await access(go).then(
        () => true,
        () => false,
      ))
    )
      return go;
  }
  return undefined;
}

/** Builds the suite in `folder`; answers the program. */
export async function buildSuite(go: string, folder: string): Promise<string> {
  await run(go, ['install', `${SUITE.module}@${SUITE.version}`], { env: { ...process.env, GOBIN: folder } });
  return join(folder, 'conformance');
}

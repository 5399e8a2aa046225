import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseResult, type SuiteResult } from './result.ts';
import type { SpecVersion } from './suite.ts';

export interface Target {
  /** Host and port. */
  readonly host: string;
  readonly user: string;
  readonly password: string;
}

/** Everything that can be turned on, by name: what the suite's own defaults are for a version is of no account. */
const EVERYTHING = [
  ...['PING', 'PULL', 'PUSH', 'REFERRER'].map((name) => `API_${name}`),
  ...['ATOMIC', 'DELETE', 'DIGEST_HEADER', 'MOUNT_ANONYMOUS', 'UPLOAD_CANCEL'].map((name) => `API_BLOBS_${name}`),
  ...['ATOMIC', 'DELETE', 'DIGEST_HEADER', 'TAG_PARAM'].map((name) => `API_MANIFESTS_${name}`),
  ...['ATOMIC', 'DELETE', 'LIST'].map((name) => `API_TAGS_${name}`),
  ...['IMAGE', 'INDEX', 'INDEX_LIST', 'SPARSE', 'ARTIFACT', 'SUBJECT', 'SUBJECT_MISSING', 'ARTIFACT_LIST'].map(
    (name) => `DATA_${name}`,
  ),
  ...['SUBJECT_LIST', 'DATA_FIELD', 'NONDISTRIBUTABLE', 'CUSTOM_FIELDS', 'NO_LAYERS', 'EMPTY_BLOB', 'SHA512'].map(
    (name) => `DATA_${name}`,
  ),
];

/** Runs the suite against the registry with everything turned on. `folder` gets its reports. */
export async function runSuite(
  program: string,
  version: SpecVersion,
  { host, user, password }: Target,
  folder: string,
): Promise<SuiteResult & { readonly output: string }> {
  const settings = {
    TLS: 'disabled',
    REGISTRY: host,
    USERNAME: user,
    PASSWORD: password,
    VERSION: version,
    RESULTS_DIR: folder,
    ...Object.fromEntries(EVERYTHING.map((name) => [name, 'true'])),
  };
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OCI_'));
  const own = Object.entries(settings).map(([name, value]) => [`OCI_${name}`, value]);
  const output = await new Promise<string>((resolve) => {
    // How it ends is judged by its reports: it ends with 0 when it has skipped half of its tests.
    const options = { cwd: folder, env: Object.fromEntries([...inherited, ...own]), maxBuffer: 64 * 1024 * 1024 };
    execFile(program, options, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => '');
  return { ...parseResult(await read('results.yaml'), await read('junit.xml')), output };
}

/**
 * The official conformance suite of the distribution specification against Berth, with everything turned on. Ends with 1 unless
 * every test passes: a skip fails. Where Go is not installed the suite cannot be built; then it says so and ends with 0.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ECR } from '@aws-sdk/client-ecr';
import { startBerth } from '../test/support/berth-process.ts';
import { writeReport } from './report.ts';
import { complaintsOf } from './result.ts';
import { runSuite, type Target } from './run-suite.ts';
import { embedded, type StoresOfSuite, startScaled } from './stores.ts';
import { buildSuite, findGo, SPEC_VERSIONS, type SpecVersion, SUITE } from './suite.ts';

const REPORT = fileURLToPath(new URL('../docs/conformance/README.md', import.meta.url));

const { values } = parseArgs({
  options: {
    /** The suite as a program, instead of building it. */
    suite: { type: 'string' },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'berth-conformance-'));
try {
  const go = values.suite === undefined ? await findGo() : undefined;
  if (values.suite === undefined && go === undefined)
    say('Skipped: Go is not installed, and the suite is built with it');
  else process.exitCode = await judge(values.suite ?? (await build(go ?? '')));
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function build(go: string): Promise<string> {
  say(`Building ${SUITE.module} ${SUITE.version}`);
  return buildSuite(go, folder);
}

/** Answers the exit code. The report is of the embedded stores; the others have to come to the same. */
async function judge(program: string): Promise<number> {
  const { results, whole } = await judgeOn(program, embedded);
  await mkdir(join(REPORT, '..'), { recursive: true });
  await writeFile(REPORT, writeReport(results));
  const scaled = await startScaled();
  if (typeof scaled === 'string') {
    say(`Skipped on PostgreSQL and S3: ${scaled}`);
    return whole ? 0 : 1;
  }
  await using stores = scaled;
  return (await judgeOn(program, stores)).whole && whole ? 0 : 1;
}

async function judgeOn(program: string, stores: StoresOfSuite) {
  const results = {} as Record<SpecVersion, Awaited<ReturnType<typeof runSuite>>>;
  let whole = true;
  for (const version of SPEC_VERSIONS) {
    results[version] = await test(program, version, stores);
    const complaints = complaintsOf(results[version]);
    say(`${version} on ${stores.name}: ${JSON.stringify(results[version].tests)}`);
    if (complaints.length === 0) continue;
    whole = false;
    say(results[version].output);
    for (const complaint of complaints) say(`${version}: ${complaint}`);
  }
  return { results, whole };
}

/** Each version has a server and stores of its own. */
async function test(program: string, version: SpecVersion, stores: StoresOfSuite) {
  const own = await mkdtemp(join(folder, `${version}-`));
  const { flags, env } = await stores.place(own);
  await using berth = await startBerth([...flags, '--sparse-manifests'], { env });
  return await runSuite(program, version, await targetOf(berth.origin), own);
}

async function targetOf(origin: string): Promise<Target> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const ecr = new ECR({ endpoint: origin, region: 'us-east-1', credentials });
  try {
    const { authorizationData: [data] = [] } = await ecr.getAuthorizationToken({});
    const [user = '', password = ''] = Buffer.from(data?.authorizationToken ?? '', 'base64')
      .toString()
      .split(':');
    return { host: new URL(origin).host, user, password };
  } finally {
    ecr.destroy();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

import { parse } from 'yaml';

type Statuses = Readonly<Record<string, string>>;

/** What a run of the suite came to. */
export interface SuiteResult {
  readonly apis: Statuses;
  readonly data: Statuses;
  /** How many tests ended in each way. */
  readonly tests: Readonly<Record<'total' | 'passed' | 'failed' | 'errors' | 'skipped' | 'disabled', number>>;
}

/** What the suite looks at when everything is turned on. One that it does not report has not been looked at. */
export const APIS = [
  'Ping',
  'Tag listing',
  'Tag delete',
  'Tag delete atomic',
  'Blob upload cancel',
  'Blob push',
  'Blob post only',
  'Blob post put',
  'Blob chunked',
  'Blob streaming',
  'Blob mount',
  'Blob anonymous mount',
  'Blob get',
  'Blob get range',
  'Blob head',
  'Blob delete',
  'Blob delete atomic',
  'Manifest put by digest',
  'Manifest put by tag',
  'Manifest put with tag params',
  'Manifest put with subject',
  'Manifest get by digest',
  'Manifest get by tag',
  'Manifest head by digest',
  'Manifest head by tag',
  'Manifest delete',
  'Manifest delete atomic',
  'Referrers',
] as const;

export const DATA = [
  'Image',
  'Image Uncompressed',
  'Image with Large Manifest',
  'Index',
  'Nested Index',
  'Empty Index',
  'Artifact',
  'Artifact Index',
  'Artifact without Layers',
  'Artifacts with Subject',
  'Index with Subject',
  'Missing Subject',
  'Data Field',
  'Non-distributable Layers',
  'Custom Fields',
  'No Layers',
  'Sparse Manifests',
  'Digest Algorithm sha512',
  'Tag Param',
  'Tag Param sha512',
  'Bad Digest Image',
  'Invalid Manifest Digest',
  'Blobs sha256',
  'Blobs sha512',
] as const;

/** Reads the suite's two reports. Nothing of an unreadable report is taken for passed. */
export function parseResult(resultsYaml: string, junitXml: string): SuiteResult {
  const counts = /<testsuites ([^>]*)>/.exec(junitXml)?.[1] ?? '';
  // A count of 0 may be left out. The number of tests has groups of them in it; the test cases are the tests themselves.
  const count = (name: string) => Number(new RegExp(`\\b${name}="([0-9]+)"`).exec(counts)?.[1] ?? 0);
  const ways = [...junitXml.matchAll(/<testcase [^>]*\bstatus="([a-z]+)"/g)].map(([, status]) => status);
  const report: unknown = parse(resultsYaml);
  return {
    apis: statusesIn(report, 'apis'),
    data: statusesIn(report, 'data'),
    tests: {
      total: count('tests') > 0 ? ways.length : 0,
      passed: ways.filter((status) => status === 'passed').length,
      failed: count('failures'),
      errors: count('errors'),
      skipped: count('skipped'),
      disabled: count('disabled'),
    },
  };
}

function statusesIn(report: unknown, part: string): Statuses {
  const statuses: unknown = typeof report === 'object' && report !== null ? Reflect.get(report, part) : undefined;
  if (typeof statuses !== 'object' || statuses === null) return {};
  return Object.fromEntries(Object.entries(statuses).map(([name, status]) => [name, String(status)]));
}

/** What keeps the result from being whole, as sentences: none when every test of every API and every kind of data has passed. */
export function complaintsOf({ apis, data, tests }: SuiteResult): string[] {
  const of = (what: string, expected: readonly string[], statuses: Statuses) =>
    [...new Set([...expected, ...Object.keys(statuses)])].flatMap((name) =>
      statuses[name] === 'Pass' ? [] : [`${what} '${name}': ${statuses[name] ?? 'not looked at'}`],
    );
  const counted = (['failed', 'errors', 'skipped', 'disabled'] as const).flatMap((way) =>
    tests[way] === 0 ? [] : [`${tests[way]} tests: ${way}`],
  );
  const unpassed = tests.total - tests.passed;
  return [
    ...(tests.total === 0 ? ['no test has run'] : []),
    ...counted,
    ...(unpassed === 0 ? [] : [`${unpassed} of ${tests.total} tests have not passed`]),
    ...of('API', APIS, apis),
    ...of('data', DATA, data),
  ];
}

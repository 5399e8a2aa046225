import { APIS, complaintsOf, DATA, type SuiteResult } from './result.ts';
import { SPEC_VERSIONS, type SpecVersion, SUITE } from './suite.ts';

export type Results = Readonly<Record<SpecVersion, SuiteResult>>;

/** The page that says what came of it. The same for the same result, whenever that was. */
export function writeReport(results: Results): string {
  const columns = (statusOf: (result: SuiteResult) => unknown) =>
    SPEC_VERSIONS.map((version) => statusOf(results[version])).join(' | ');
  const table = (title: string, rows: readonly string[]) => [
    `| ${title} | ${SPEC_VERSIONS.join(' | ')} |`,
    `|---|${'---|'.repeat(SPEC_VERSIONS.length)}`,
    ...rows,
    '',
  ];
  const whole = SPEC_VERSIONS.every((version) => complaintsOf(results[version]).length === 0);
  const ways = ['failed', 'errors', 'skipped', 'disabled'] as const;
  return [
    '# Conformance',
    '',
    `The official suite of the OCI distribution specification, \`${SUITE.module}\` ${SUITE.version} (${SUITE.date}), run by \`npm run conformance\``,
    'against `berth serve --sparse-manifests`, for version 1.1 of the specification and for what is to be the next, with every API and every kind of data',
    `turned on: ${whole ? 'all of it passes, nothing is skipped.' : 'NOT all of it passes.'}`,
    '',
    ...table('Tests', [
      `| passed | ${columns(({ tests }) => tests.passed)} |`,
      ...ways.map((way) => `| ${way} | ${columns(({ tests }) => tests[way])} |`),
    ]),
    ...table(
      'API',
      APIS.map((name) => `| ${name} | ${columns(({ apis }) => apis[name] ?? 'not looked at')} |`),
    ),
    ...table(
      'Data',
      DATA.map((name) => `| ${name} | ${columns(({ data }) => data[name] ?? 'not looked at')} |`),
    ),
  ].join('\n');
}

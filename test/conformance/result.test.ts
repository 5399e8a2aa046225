import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { writeReport } from '../../conformance/report.ts';
import { APIS, complaintsOf, DATA, parseResult } from '../../conformance/result.ts';

const allPass = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'Pass']));
const yaml = (changed: { apis?: object; data?: object } = {}) =>
  stringify({
    config: { registry: 'localhost:1' },
    apis: { ...allPass(APIS), ...changed.apis },
    data: { ...allPass(DATA), ...changed.data },
  });
/** As the suite writes it: a count of 0 of some ways is left out. */
const junit = (counts: string, ...statuses: readonly string[]) => `<testsuites ${counts}>
  <testsuite name="OCI Conformance Test" tests="9" failures="0" errors="0" time="1.5">
    ${statuses.map((status) => `<testcase name="x" classname="" time="0.1" status="${status}"></testcase>`).join('\n')}
  </testsuite>
</testsuites>`;
const PASSED = junit('time="1.5" tests="2" failures="0" errors="0"', 'passed', 'passed');

const complaints = (resultsYaml: string, junitXml: string) => complaintsOf(parseResult(resultsYaml, junitXml));

test('a run of which every test has passed is whole', () => {
  expect(complaints(yaml(), PASSED)).toEqual([]);
  expect(parseResult(yaml(), PASSED).tests).toEqual({
    total: 2,
    passed: 2,
    failed: 0,
    errors: 0,
    skipped: 0,
    disabled: 0,
  });
});

test.each([
  ['skipped', 'skipped', '1 tests: skipped'],
  ['disabled', 'skipped', '1 tests: disabled'],
  ['failures', 'failure', '1 tests: failed'],
  ['errors', 'error', '1 tests: errors'],
])('a single test that is counted under %s fails the run', (counter, status, complaint) => {
  const counted = junit(`tests="2" ${counter}="1" time="1.5"`, 'passed', status);
  expect(complaints(yaml(), counted)).toEqual([complaint, '1 of 2 tests have not passed']);
});

test('a test that has not passed fails the run, whatever the counts say', () => {
  expect(complaints(yaml(), junit('tests="2"', 'passed', 'skipped'))).toEqual(['1 of 2 tests have not passed']);
});

test.each(['Skip', 'Disabled', 'FAIL', 'Error', 'Unknown'])(
  'an API or a kind of data that says %s fails the run',
  (status) => {
    expect(complaints(yaml({ apis: { 'Blob anonymous mount': status } }), PASSED)).toEqual([
      `API 'Blob anonymous mount': ${status}`,
    ]);
    expect(complaints(yaml({ data: { 'Sparse Manifests': status } }), PASSED)).toEqual([
      `data 'Sparse Manifests': ${status}`,
    ]);
  },
);

test('an API that is not looked at fails the run, and so does one that is new and does not pass', () => {
  expect(complaints(yaml({ apis: { 'Blob delete': undefined } }), PASSED)).toEqual([
    "API 'Blob delete': not looked at",
  ]);
  expect(complaints(yaml({ apis: { Telepathy: 'Skip' } }), PASSED)).toEqual(["API 'Telepathy': Skip"]);
});

test('a run without reports, or without tests, fails', () => {
  expect(complaints('', '')).toHaveLength(1 + APIS.length + DATA.length);
  expect(complaints(yaml(), '')).toEqual(['no test has run']);
  expect(complaints('[]', PASSED)).toHaveLength(APIS.length + DATA.length);
});

test('the report says how it was, and nothing of when', () => {
  const [good, bad] = [parseResult(yaml(), PASSED), parseResult(yaml({ apis: { Ping: 'Skip' } }), PASSED)];
  const report = writeReport({ '1.1': good, dev: good });
  expect(report).toContain('all of it passes, nothing is skipped.');
  expect(report).toContain('| Blob anonymous mount | Pass | Pass |');
  expect(writeReport({ '1.1': good, dev: bad })).toContain('NOT all of it passes');
  expect(writeReport({ '1.1': good, dev: bad })).toContain('| Ping | Pass | Skip |');
});

import { expect, test } from 'vitest';
import { mayMoveTag, type TagMutabilityMode } from '../../src/model/tag-mutability.ts';

const rows: [TagMutabilityMode, string[], string, boolean][] = [
  ['MUTABLE', [], 'v1', true],
  ['IMMUTABLE', [], 'v1', false],
  ['MUTABLE_WITH_EXCLUSION', ['release-*'], 'v1', true],
  ['MUTABLE_WITH_EXCLUSION', ['release-*'], 'release-1', false],
  ['MUTABLE_WITH_EXCLUSION', ['x', 'release-*'], 'release-', false],
  ['MUTABLE_WITH_EXCLUSION', ['release'], 'release-1', true],
  ['IMMUTABLE_WITH_EXCLUSION', ['dev-*'], 'v1', false],
  ['IMMUTABLE_WITH_EXCLUSION', ['dev-*'], 'dev-1', true],
  ['IMMUTABLE_WITH_EXCLUSION', ['dev-*'], 'DEV-1', false],
  ['IMMUTABLE_WITH_EXCLUSION', ['latest', '*-snapshot'], '1.0-snapshot', true],
  ['IMMUTABLE_WITH_EXCLUSION', ['v.'], 'v1', false],
];

test.each(rows)('Under %s with the filters %j the tag %s may move: %s', (mode, exclusionFilters, tag, expected) => {
  expect(mayMoveTag({ mode, exclusionFilters }, tag)).toBe(expected);
});

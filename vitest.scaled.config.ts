import { defineConfig } from 'vitest/config';
import { findPostgres } from './test/support/postgres/cluster.ts';

const SUITES = [
  'test/admin/**/*.test.ts',
  'test/ecr/**/*.test.ts',
  'test/faults/interleavings/**/*.test.ts',
  'test/fsck/**/*.test.ts',
  'test/oci/**/*.test.ts',
  'test/registry/**/*.test.ts',
];

const isPossible = findPostgres() !== undefined;
if (!isPossible) {
  console.log(`skipped: ${SUITES.join(', ')}: PostgreSQL’s server is not on this machine: Debian has it as postgresql`);
}

/** The suites that ask what is stored, on PostgreSQL and S3, which one server of each serves to all of them. */
export default defineConfig({
  test: {
    include: isPossible ? SUITES : [],
    passWithNoTests: !isPossible,
    // They move stores from one kind to the other, and name the kinds themselves.
    exclude: ['test/registry/import/**'],
    globalSetup: isPossible ? './test/support/scaled/global-setup.ts' : [],
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxWorkers: '100%',
    reporters: ['default', './test/support/closing-line.ts'],
  },
});

import { defineConfig } from 'vitest/config';
import { NO_POSTGRES } from './test/support/postgres/databases.ts';
import { SlowFirst } from './test/support/slow-first.ts';

if (NO_POSTGRES) process.stdout.write(`Skipped, all of it: ${NO_POSTGRES}\n`);

/** The suites that ask what is stored, on PostgreSQL and S3, which one server of each serves to all of them. */
export default defineConfig({
  test: {
    include: [
      'test/admin/**/*.test.ts',
      'test/ecr/**/*.test.ts',
      'test/faults/interleavings/**/*.test.ts',
      'test/fsck/**/*.test.ts',
      'test/oci/**/*.test.ts',
      'test/registry/**/*.test.ts',
    ],
    // They name the kinds of their stores themselves.
    exclude: ['test/registry/import/**', 'test/registry/shared-database.test.ts', 'test/fsck/two-repairs.test.ts'],
    ...(NO_POSTGRES
      ? { include: [], passWithNoTests: true }
      : { globalSetup: './test/support/scaled/global-setup.ts' }),
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxWorkers: '100%',
    // As in vitest.config.ts.
    isolate: false,
    sequence: { sequencer: SlowFirst },
    reporters: ['default', './test/support/closing-line.ts'],
  },
});

import { defineConfig } from 'vitest/config';
import { NO_POSTGRES } from './test/support/postgres/databases.ts';

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
    // They move stores from one kind to the other, and name the kinds themselves.
    exclude: ['test/registry/import/**'],
    ...(NO_POSTGRES
      ? { include: [], passWithNoTests: true }
      : { globalSetup: './test/support/scaled/global-setup.ts' }),
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxWorkers: '100%',
    reporters: ['default', './test/support/closing-line.ts'],
  },
});

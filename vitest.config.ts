import { defineConfig } from 'vitest/config';
import { SlowFirst } from './test/support/slow-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxWorkers: '100%',
    // A worker loads Berth once for all of its files, not once for each: so no file may change what it imports.
    isolate: false,
    sequence: { sequencer: SlowFirst },
    provide: { clientsPage: 'check' },
    reporters: ['default', './test/support/closing-line.ts'],
  },
});

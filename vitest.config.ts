import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxWorkers: '100%',
    provide: { clientsPage: 'check' },
    reporters: ['default', './test/support/closing-line.ts'],
  },
});

import { defineConfig } from 'vitest/config';

/** `source` makes workspace packages resolve to their TypeScript, so that unit tests need no build. */
const conditions = ['source', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{libs,services}/*/src/**/*.test.ts',
            '{schemas,cli}/src/**/*.test.ts',
            'deploy/*/src/**/*.test.ts',
            'test/src/{contract,fuzz}/**/*.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/src/{integration,faults,e2e}/**/*.test.ts'],
          globalSetup: ['test/src/setup/global.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'ops',
          include: ['test/src/ops/**/*.test.ts'],
          globalSetup: ['test/src/setup/global.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});

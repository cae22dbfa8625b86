import { defineConfig } from 'vitest/config';

/** Tests that need a broker: one file at a time, on a broker and a registry that the files of the project share. */
const onBroker = {
  globalSetup: ['test/src/setup/global.ts'],
  fileParallelism: false,
  // Against hanging; how fast things are is measured elsewhere.
  testTimeout: 400_000,
  hookTimeout: 300_000,
};

/** The two projects that `npm test` runs side by side take about as long as each other: the pipeline's faults are one of them. */
const pipelineFaults = ['test/src/faults/pipeline.test.ts', 'test/src/faults/controls/**/*.test.ts'];

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
          // Files of pure cores, which keep nothing between them: loading every module again for each took longer than the tests.
          isolate: false,
          // A bound on what hangs, not on what is slow: the machine may be busy.
          testTimeout: 60_000,
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
          include: ['test/src/{integration,faults}/**/*.test.ts'],
          exclude: pipelineFaults,
          ...onBroker,
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: pipelineFaults,
          ...onBroker,
        },
      },
      {
        extends: true,
        test: {
          name: 'ops',
          include: ['test/src/ops/**/*.test.ts'],
          ...onBroker,
          // Prometheus takes its time over a month of rules.
          testTimeout: 300_000,
        },
      },
    ],
  },
});

import { defineConfig } from 'vitest/config';

// Against hanging; how fast things are is measured elsewhere.
const BOUNDS = { testTimeout: 400_000, hookTimeout: 300_000 };

/** Tests that share a broker and a registry, and so one set of topics: one file at a time. */
const onSharedBroker = { globalSetup: ['test/src/setup/global.ts'], fileParallelism: false, ...BOUNDS };

/** Tests that start brokers of their own, to kill them or to have them to themselves. They wait more than they work: two at a time. */
const OWN_BROKERS = [
  'test/src/faults/{pipeline,brokers}.test.ts',
  'test/src/faults/controls/**/*.test.ts',
  'test/src/faults/client/{leader-move,lost-answer,processor}.test.ts',
  'test/src/integration/{local,protocols}/**/*.test.ts',
  'test/src/integration/security/kafka.test.ts',
];

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
          exclude: OWN_BROKERS,
          ...onSharedBroker,
        },
      },
      {
        extends: true,
        test: { name: 'own-brokers', include: OWN_BROKERS, maxWorkers: 2, ...BOUNDS },
      },
      {
        extends: true,
        test: { name: 'api-server', include: ['test/src/cluster/**/*.test.ts'], ...BOUNDS },
      },
      {
        extends: true,
        test: {
          name: 'ops',
          include: ['test/src/ops/**/*.test.ts'],
          ...onSharedBroker,
          // Prometheus takes its time over a month of rules.
          testTimeout: 300_000,
        },
      },
    ],
  },
});

/** commands → edge-commands; command-reports → command-events, exactly one terminal event each. */
import {
  bugDeadLetter,
  kafkaConnection,
  connectCodec,
  processorMetrics,
  processorPart,
  runService,
  type Part,
} from '@fleetwire/service';
import { connect, type Table } from '@fleetwire/streaming';
import { CommitPulse } from './commit-pulse.js';
import { loadConfig } from './config.js';
import { Leases } from './leases.js';
import { dispatcherMetrics } from './metrics.js';
import { Outbox } from './outbox.js';
import { COMMANDS, DEVICES, DispatcherTask, REPORTS, SESSIONS, SETTINGS, STAGE, STATE_TOPIC } from './task.js';

const EDGE_STATUS = 'edge-status';
const TOPICS = [
  COMMANDS,
  REPORTS,
  'command-events',
  'edge-commands',
  SESSIONS,
  EDGE_STATUS,
  DEVICES,
  SETTINGS,
  'sms-outbox',
  'dead-letters',
  STATE_TOPIC,
] as const;
const BATCH_RECORDS_MAX = 500;
/** What comes so close together is fetched together. */
const FETCH_MS = 10;
/** And what of a partition came since its last transaction is committed together: the first command after a pause does not wait. */
const COMMIT_MS = 25;
/** Silence of the tail of edge-status beyond which leases do not lapse: it is then us, or the brokers, not the edges. */
const TAIL_SILENCE_MAX_MS = 5_000;
const LOOK_EVERY_MS = 1_000;

await runService({
  name: 'command-dispatcher',
  env: process.env,
  loadConfig,
  build: async ({ config, log, metrics }) => {
    const codec = await connectCodec(config, log, TOPICS);
    const streams = connect(kafkaConnection(config, log));
    const admin = streams.admin();
    const partitions = await admin.partitionCount(COMMANDS);
    await admin.close();
    const leases = new Leases();
    const edges = streams.table({
      topic: EDGE_STATUS,
      onRecord: (record) => {
        if (record.value === null) return;
        const status = codec.decode(EDGE_STATUS, record.value);
        leases.renew(status.boot_id, status.state === 'stopped');
      },
      log,
    });
    const pulse = new CommitPulse();
    const outbox = new Outbox(codec, streams.producer({ log }), log);
    const loop = processorMetrics(metrics, [COMMANDS, REPORTS]);
    const deps = {
      codec,
      partitions,
      leases,
      outbox,
      pulse,
      metrics: dispatcherMetrics(metrics),
      smsGateway: config.smsGateway,
      answerMs: config.answerMs,
      deadLetters: loop.deadLetters,
    };
    const processor = streams.processor({
      group: 'fleetwire-command-dispatcher',
      inputs: [COMMANDS, REPORTS],
      tables: [SESSIONS, DEVICES, SETTINGS],
      state: STATE_TOPIC,
      guarantee: 'exactly_once',
      batchRecordsMax: BATCH_RECORDS_MAX,
      pace: { fetchMs: FETCH_MS, commitMs: COMMIT_MS },
      createTask: (partition) => new DispatcherTask(partition, deps),
      deadLetter: bugDeadLetter(codec, STAGE, null, loop.deadLetters),
      metrics: loop,
      log,
    });
    return [edgesPart(edges, leases, pulse), { name: 'outbox', stop: () => outbox.close() }, processorPart(processor)];
  },
});

/** The leases of all edges: loaded before the first command is routed. */
function edgesPart(edges: Table, leases: Leases, pulse: CommitPulse): Part {
  let timer: NodeJS.Timeout | undefined;
  return {
    name: 'edge-status',
    start: async () => {
      await edges.start();
      timer = setInterval(() => {
        const nowMs = performance.now();
        leases.look(nowMs, edges.silenceMs() < TAIL_SILENCE_MAX_MS && pulse.healthy(nowMs));
      }, LOOK_EVERY_MS);
    },
    stop: async () => {
      clearInterval(timer);
      await edges.stop();
    },
  };
}

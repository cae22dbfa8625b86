/** `fleetwire up`: the whole pipeline on one machine, with one command. */
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import type { Command } from 'commander';
import { print, printJson, say } from '../io.js';
import { choiceOption, integerOption, positiveOption } from '../options.js';
import type { ReadyLine } from './plan.js';
import { EDGE_PORTS, EDGE_PORT_NAMES, edgePorts, type EdgePortName } from './ports.js';

interface Flags extends Partial<Record<`${EdgePortName}Port`, number>> {
  readonly data: string;
  readonly fleet: boolean;
  readonly devices: number;
  readonly rate?: number;
  readonly json?: true;
  readonly edges: number;
  readonly decoders: number;
  readonly enrichers: number;
  readonly dispatchers: number;
  readonly places?: true;
  readonly partitions: number;
  readonly brokerPort?: number;
  readonly registryPort?: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
/** Of each kind. One machine has no use for more, and each is a Node process. */
const PROCESSES_MAX = 20;
const DEVICES_MAX = 20_000;
const RATE_MAX = 100_000;
const PORT_MAX = 65_535;
const PARTITIONS_MAX = 1_000;
/** Live at a terminal, now and then in a log. */
const FIGURES_TTY_MS = 1_000;
const FIGURES_LOG_MS = 10_000;

export function registerUp(program: Command): void {
  const many = (option: string) => integerOption(option, 0, PROCESSES_MAX);
  const port = (option: string) => integerOption(option, 0, PORT_MAX);
  const command = program
    .command('up')
    .summary('run the whole pipeline on this machine')
    .description(
      'Runs Kafka and a schema registry (those of KAFKA_BROKERS and SCHEMA_REGISTRY_URL, else in Docker, else as Java\n' +
        'processes), makes topics and schemas, starts the services and a simulated fleet, and shows figures until Ctrl-C.',
    )
    .option('--data <folder>', 'where data, logs and instance.json are kept', '.fleetwire')
    .option('--no-fleet', 'no simulated devices')
    .option('--devices <n>', 'simulated devices', integerOption('--devices', 1, DEVICES_MAX), 50)
    .option(
      '--rate <r>',
      'reports a second over all of them (default: one a second for each)',
      positiveOption('--rate', RATE_MAX),
    )
    .option('--json', 'one JSON line on stdout when everything is ready; all else is on stderr')
    .option('--edges <n>', 'edge listeners; further ones stand 100, 200 … ports higher', many('--edges'), 1)
    .option('--decoders <n>', 'decoders', many('--decoders'), 1)
    .option('--enrichers <n>', 'enrichers', many('--enrichers'), 1)
    .option('--dispatchers <n>', 'command dispatchers', many('--dispatchers'), 1)
    .option('--places', 'also names of places for where trips begin and end, in the topic places')
    .option(
      '--partitions <n>',
      'partitions of topics that are made',
      integerOption('--partitions', 1, PARTITIONS_MAX),
      6,
    )
    .option(
      '--broker-port <port>',
      'of the broker that is started (default: 19092, or a free one)',
      integerOption('--broker-port', 1, PORT_MAX),
    )
    .option(
      '--registry-port <port>',
      'of the registry that is started (default: 18081, or a free one)',
      integerOption('--registry-port', 1, PORT_MAX),
    )
    .option('--log-level <level>', LOG_LEVELS.join(', '), choiceOption('--log-level', LOG_LEVELS), 'info');
  for (const name of EDGE_PORT_NAMES) {
    const { option, fallback, variable } = EDGE_PORTS[name];
    command.option(
      `${option} <port>`,
      `${name} devices, TCP and UDP; 0: a free one (default: ${fallback}, or ${variable})`,
      port(option),
    );
  }
  command
    .addHelpText(
      'after',
      `
Examples:
  $ fleetwire up
  $ fleetwire up --devices 500 --rate 400 --edges 2 --decoders 2
  $ fleetwire up --no-fleet --json --shared-port 0

FLEETWIRE_LOCAL=docker or java chooses the engine; FLEETWIRE_CACHE is where Kafka and the registry are kept (~/.cache/fleetwire);
FLEETWIRE_EDGE_HOST is the address that devices reach (0.0.0.0).
Exit codes: 0 stopped by Ctrl-C or SIGTERM; 1 a part died or could not start; 2 usage.`,
    )
    .action((flags: Flags) => run(flags));
}

async function run(flags: Flags): Promise<void> {
  const env = process.env;
  const given = (name: EdgePortName): Partial<Record<EdgePortName, number>> => {
    const value = flags[`${name}Port`];
    return value === undefined ? {} : { [name]: value };
  };
  const ports = edgePorts(
    Object.assign({}, ...EDGE_PORT_NAMES.map(given)) as Partial<Record<EdgePortName, number>>,
    env,
  );
  const [{ up }, { stopSignals }] = await Promise.all([import('./supervisor.js'), import('./signals.js')]);
  const signals = stopSignals(env);
  const started = performance.now();
  const live = process.stderr.isTTY && flags.json !== true;
  const line = (text: string): void =>
    say(`${live ? '\r\u001b[K' : ''}[${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s] ${text}`);
  signals.stop.addEventListener('abort', () => line('stopping; once more to hurry'));
  try {
    await up({
      root: fileURLToPath(new URL('../../..', import.meta.url)),
      dataDir: path.resolve(flags.data),
      env,
      counts: {
        'edge-listener': flags.edges,
        decoder: flags.decoders,
        enricher: flags.enrichers,
        places: flags.places === true ? 1 : 0,
        'command-dispatcher': flags.dispatchers,
      },
      fleet: flags.fleet ? { devices: flags.devices, ...(flags.rate === undefined ? {} : { rate: flags.rate }) } : null,
      edgePorts: ports,
      edgeHost: env['FLEETWIRE_EDGE_HOST'] ?? '0.0.0.0',
      partitions: flags.partitions,
      ports: {
        ...(flags.brokerPort === undefined ? {} : { broker: flags.brokerPort }),
        ...(flags.registryPort === undefined ? {} : { registry: flags.registryPort }),
      },
      logLevel: flags.logLevel,
      say: line,
      onReady: (ready, seconds) => {
        line(`ready after ${seconds.toFixed(1)} s; logs in ${path.join(flags.data, 'logs')}; Ctrl-C stops it`);
        void (flags.json === true ? printJson(ready) : print(`${describe(ready)}\n`));
      },
      onFigures: (figures) => {
        if (live) process.stderr.write(`\r\u001b[K${figures}`);
        else line(figures);
      },
      figuresMs: live ? FIGURES_TTY_MS : FIGURES_LOG_MS,
      signals,
    });
    line('stopped');
  } finally {
    signals.release();
  }
}

function describe(ready: ReadyLine): string {
  const edges = ready.edges.map(({ shared, ...own }, i) => {
    const others = Object.entries(own).map(([name, port]) => `${name} ${port}`);
    return `devices${i === 0 ? '' : ` (edge ${i + 1})`}: any protocol ${shared.tcp}, ${others.join(', ')} (TCP and UDP)`;
  });
  return [
    `brokers: ${ready.brokers.join(',')}`,
    `registry: ${ready.registry}`,
    ...edges,
    ...Object.entries(ready.http).map(([part, url]) => `${part}: ${url}/metrics`),
    'see it: npx fleetwire tail telemetry-enriched',
  ].join('\n');
}

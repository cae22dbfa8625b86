/** `fleetwire simulate`: devices that drive, report, resend and answer commands, over real sockets. */
import type { Command } from 'commander';
import { SIMULATED, type SimulatedId } from '@fleetwire/protocols/ids';
import { durationOption } from '../duration.js';
import { CliError, EXIT, failed, usage } from '../errors.js';
import { print, printJson, say } from '../io.js';
import { choiceOption, integerOption, positiveOption } from '../options.js';

interface Flags {
  readonly protocol: SimulatedId | 'mixed';
  readonly devices: number;
  readonly rate?: number;
  readonly duration: number;
  readonly transport: 'tcp' | 'udp';
  readonly seed: number;
  readonly host: string;
  readonly port?: number;
  readonly window?: number;
  readonly offlineEvery?: number;
  readonly drain: number;
  readonly json?: true;
}

const CHOICES = [...SIMULATED, 'mixed'] as const;
/** Each device is a socket; more than this needs several processes, and address space for ports. */
const DEVICES_MAX = 20_000;
const RATE_MAX = 100_000;
/** Readings kept over all devices: some 300 bytes each. */
const READINGS_TOTAL_MAX = 1_000_000;
/** How long the first connections may take; a large fleet is dialled at 1,000 a second. */
const CONNECT_MS = 5_000;

export function register(program: Command): void {
  program
    .command('simulate')
    .summary('drive simulated devices against an edge')
    .description(
      'Simulates trackers: each drives a route of its own, keeps what is not acknowledged, sends it again, and answers ' +
        'commands. The rate is of reports over all devices; a device that waits for an acknowledgement packs what has ' +
        'gathered into one frame. Runs for --duration or to Ctrl-C, then prints a summary.',
    )
    .option('--protocol <id>', `${SIMULATED.join(', ')} or mixed`, choiceOption('--protocol', CHOICES), 'mixed')
    .option('--devices <n>', 'simulated devices', integerOption('--devices', 1, DEVICES_MAX), 10)
    .option(
      '--rate <r>',
      'reports a second over all devices (default: one a second for each)',
      positiveOption('--rate', RATE_MAX),
    )
    .option('--duration <duration>', 'how long reports are made', durationOption('--duration'), 60_000)
    .option('--transport <t>', 'tcp or udp', choiceOption('--transport', ['tcp', 'udp'] as const), 'tcp')
    .option('--seed <n>', 'same seed, same vehicles', integerOption('--seed', 0, 0xffff_ffff), 1)
    .option('--host <host>', 'where the edge listens', '127.0.0.1')
    .option(
      '--port <port>',
      'one port for all, such as the shared 8888 (default: each protocol’s own)',
      integerOption('--port', 1, 65_535),
    )
    .option(
      '--window <n>',
      'frames a device may have out (default: the protocol’s own)',
      integerOption('--window', 1, 64),
    )
    .option(
      '--offline-every <duration>',
      'each device loses its link about that often',
      durationOption('--offline-every'),
    )
    .option('--drain <duration>', 'how long the last acknowledgements may take', durationOption('--drain'), 40_000)
    .option('--json', 'the summary as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  $ fleetwire simulate --protocol astra --devices 100 --rate 50 --duration 30s
  $ fleetwire simulate --devices 400 --rate 2000 --duration 1m --json > summary.json
  $ fleetwire simulate --protocol h02 --transport udp --port 8888 --offline-every 20s

Exit codes: 0 ran (also when interrupted); 1 nothing listens; 2 usage; 3 nothing was acknowledged.`,
    )
    .action((flags: Flags) => simulate(flags));
}

async function simulate(flags: Flags): Promise<void> {
  if (flags.duration === 0) throw usage('--duration: 0 makes no reports', 'give a longer one, such as 30s');
  const rate = flags.rate ?? flags.devices;
  const [{ protocolOf }, { createFleet }, run, summary, { interrupted }] = await Promise.all([
    import('@fleetwire/protocols'),
    import('@fleetwire/protocols/fleet'),
    import('../simulate/run.js'),
    import('../simulate/summary.js'),
    import('../signals.js'),
  ]);
  if (rate / flags.devices > 1)
    say(
      `fleetwire: ${(rate / flags.devices).toFixed(1)} reports a second and device: trackers stamp whole seconds, so reports of a ` +
        'standing vehicle may be equal and count as duplicates downstream; use more devices to avoid that',
    );
  const trackers = createFleet({
    protocol: flags.protocol,
    transport: flags.transport,
    count: flags.devices,
    seed: flags.seed,
    startMs: Date.now(),
    readingsMax: Math.min(2_000, Math.max(50, Math.floor(READINGS_TOTAL_MAX / flags.devices))),
    ...(flags.window !== undefined && { window: flags.window }),
  });
  const facts = {
    protocol: flags.protocol,
    transport: flags.transport,
    devices: flags.devices,
    rate,
    seed: flags.seed,
  };
  const live = process.stderr.isTTY && flags.json !== true;
  let result: Awaited<ReturnType<typeof run.simulate>>;
  try {
    result = await run.simulate({
      devices: trackers.map((tracker) => ({
        tracker,
        target: { host: flags.host, port: flags.port ?? protocolOf(tracker.protocol).port },
      })),
      transport: flags.transport,
      rate,
      durationMs: flags.duration,
      offlineEveryMs: flags.offlineEvery ?? null,
      drainMs: flags.drain,
      connectMs: Math.max(CONNECT_MS, flags.devices),
      signal: interrupted(),
      ...(live && { onSecond: (progress) => process.stderr.write(`\r\u001b[K${summary.progressLine(progress)}`) }),
    });
  } catch (error) {
    if (!(error instanceof run.NoLink)) throw error;
    throw failed(
      `no device got a connection: ${error.message}`,
      'start the edge with `npx fleetwire up`, or give --host and --port',
    );
  }
  if (live) process.stderr.write('\r\u001b[K');
  if (flags.json === true) await printJson(summary.summaryJson(facts, result));
  else await print(summary.summaryText(facts, result));
  if (result.acked === 0 && result.sent > 0)
    throw new CliError(
      EXIT.nothing,
      'nothing was acknowledged',
      'check that an edge listens there, and that Kafka runs: nothing is acknowledged before it is stored',
    );
}

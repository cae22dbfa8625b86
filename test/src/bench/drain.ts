/**
 * `npm run bench:drain`: an edge with thousands of connections drains beside another under load, with commands under way; then all devices come
 * back at once. Prints the figures, and ends with 1 when a promise was broken or the rate is off by more than a tenth.
 *
 *   npm run bench:drain -- [--connections 10000] [--rate 1000] [--shed 500] [--lame-duck 2] [--commands 200] [--accepts 1000] [--no-storm]
 *
 * Each device takes a file in this process and one in the edge: `ulimit -n` must be above the connections plus 1,000.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePorts, provide } from '@fleetwire/local';
import { applySchemas } from '@fleetwire/schemas';
import { measureDrain } from '../harness/drain.js';
import { machine } from './process-cpu.js';

const { values } = parseArgs({
  allowNegative: true,
  options: {
    connections: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '1000' },
    shed: { type: 'string', default: '500' },
    'lame-duck': { type: 'string', default: '2' },
    commands: { type: 'string', default: '200' },
    accepts: { type: 'string', default: '1000' },
    storm: { type: 'boolean', default: true },
  },
});
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const TOLERANCE = 0.1;
const wanted = Number(values.shed);

const dataDir = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-drain-'));
const [broker, controller, registry] = await freePorts(3);
const provided = await provide({
  dataDir,
  env: process.env,
  log: say,
  ports: { broker: broker!, controller: controller!, registry: registry! },
});
let broken: boolean;
try {
  await applySchemas({ registryUrl: provided.registry });
  const figures = await measureDrain({
    brokers: provided.brokers,
    registry: provided.registry,
    connections: Number(values.connections),
    rate: Number(values.rate),
    shedPerSecond: wanted,
    lameDuckMs: 1000 * Number(values['lame-duck']),
    commands: Number(values.commands),
    acceptsPerSecond: Number(values.accepts),
    storm: values.storm,
    say,
  });
  const { storm, commandFindings, ...rest } = figures;
  const rows = { ...rest, commandFindings: commandFindings.length };
  process.stdout.write(`${machine()}\n`);
  process.stdout.write(`load ${os.loadavg()[0]!.toFixed(1)}, shed rate wanted ${wanted}/s\n`);
  for (const [name, value] of Object.entries(rows)) process.stdout.write(`${name.padEnd(20)} ${String(value)}\n`);
  for (const [name, value] of Object.entries(storm ?? {}))
    process.stdout.write(`storm ${name.padEnd(14)} ${String(value)}\n`);
  for (const finding of commandFindings) process.stdout.write(`${finding}\n`);
  const promises = [
    figures.exitCode === 0,
    figures.cutOnce === figures.connections,
    figures.lost + figures.committedUnanswered + figures.unanswered + figures.sessionsLeft === 0,
    commandFindings.length === 0,
    figures.readyInLameDuck && !figures.readyWhileShedding,
    Math.abs(figures.shedPerSecond - wanted) <= TOLERANCE * wanted,
  ];
  broken = promises.includes(false);
  if (figures.cutForAge > 0)
    process.stdout.write('Answers were too old: this machine does not keep up with the load, judge it on another.\n');
  process.stdout.write(broken ? 'A promise is broken.\n' : 'Every promise is kept.\n');
} finally {
  await provided.stop();
  await rm(dataDir, { recursive: true, force: true });
}
process.exit(broken ? 1 : 0);

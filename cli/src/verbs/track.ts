/** `fleetwire track`: the way of a device, from telemetry-enriched. */
import type { Command } from 'commander';
import type { EnrichedTelemetry } from '@fleetwire/schemas';
import { endpointsWithRegistry, withEndpointOptions, type EndpointOptions } from '../connect.js';
import { parseDuration } from '../duration.js';
import { CliError, EXIT, usage } from '../errors.js';
import { print } from '../io.js';
import { choiceOption } from '../options.js';
import { FORMATS, render, TrackCollector, type TrackFormat, type TrackPoint } from '../tracks/track.js';

const TOPIC = 'telemetry-enriched';

interface Flags extends EndpointOptions {
  readonly from?: number;
  readonly to?: number;
  readonly format: TrackFormat;
}

/** An event time, µs: an ISO time, or a duration back from now. */
function timeOption(option: string): (text: string) => number {
  return (text) => {
    const back = parseDuration(text);
    const ms = back === null ? Date.parse(text) : Date.now() - back;
    if (Number.isNaN(ms))
      throw usage(`${option}: "${text}" is no time`, 'write 2026-05-04T06:00:00Z, or 2h for two hours ago');
    return ms * 1000;
  };
}

export function register(program: Command): void {
  withEndpointOptions(
    program
      .command('track')
      .summary("export a device's way as KML, GPX or GeoJSON")
      .description(
        'Writes the positions of a device between two event times to stdout, in order of event time, each report once. Only ' +
          'valid positions; what was hidden stays so. Reaches back as far as telemetry-enriched is kept.',
      )
      .argument('<ident>', 'identity of the device')
      .option('--from <time>', 'first event time: ISO, or a duration back from now such as 2h', timeOption('--from'))
      .option('--to <time>', 'last event time, likewise (default: now)', timeOption('--to'))
      .option('--format <format>', FORMATS.join(', '), choiceOption('--format', FORMATS), 'geojson'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ fleetwire track 356938035643809 --from 8h --format gpx > today.gpx
  $ fleetwire track 356938035643809 --from 2026-05-04T06:00:00Z --to 2026-05-04T18:00:00Z --format kml

Exit codes: 0 at least one position; 1 failed; 2 usage; 3 no position.`,
    )
    .action((ident: string, flags: Flags) => track(ident, flags));
}

async function track(ident: string, flags: Flags): Promise<void> {
  const from = flags.from ?? 0;
  const to = flags.to ?? Number.MAX_SAFE_INTEGER;
  if (from >= to) throw usage('--from is not before --to', 'give an earlier --from, or a later --to');
  const endpoints = endpointsWithRegistry(flags);
  const [{ openCodec, openStreams, withKafka }, { UnknownSchema }] = await Promise.all([
    import('../kafka.js'),
    import('@fleetwire/schemas'),
  ]);
  const codec = await openCodec(endpoints.registry, [TOPIC]);
  const collector = new TrackCollector();
  const later: Buffer[] = [];
  const take = (value: Buffer): void => {
    const report = codec.decode(TOPIC, value);
    if (report.timestamp < from || report.timestamp > to) return;
    collector.add(report.message_id, report.revision, pointOf(report));
  };
  await withKafka(endpoints, `topic ${TOPIC}`, () =>
    openStreams(endpoints).read({
      topics: [TOPIC],
      from: 'beginning',
      untilEnd: true,
      onRecord: ({ key, value }) => {
        if (value === null || key?.toString() !== ident) return true;
        try {
          take(value);
        } catch (error) {
          if (!(error instanceof UnknownSchema)) throw error;
          later.push(Buffer.from(value));
        }
        return true;
      },
    }),
  );
  for (const value of later) {
    const id = codec.writerIdOf(value);
    if (id !== null) await codec.learn(id);
    take(value);
  }
  const { points } = collector;
  if (points.length === 0)
    throw new CliError(
      EXIT.nothing,
      `no position of ${ident} in that time`,
      'widen --from and --to, or check the ident',
    );
  await print(render(flags.format, ident, points));
}

/** Null: the report has no valid position. */
function pointOf(report: EnrichedTelemetry): TrackPoint | null {
  const { position_latitude: latitude, position_longitude: longitude } = report;
  if (latitude === null || longitude === null || report.position_valid === false) return null;
  return {
    atUs: report.timestamp,
    latitude,
    longitude,
    altitude: report.position_altitude,
    speed: report.position_speed,
    direction: report.position_direction,
  };
}

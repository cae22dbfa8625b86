/** `fleetwire geofence`: the records of the compacted topic `geofences`. */
import type { Command } from 'commander';
import type { Geofence } from '@fleetwire/schemas';
import { endpointsWithRegistry, withEndpointOptions, type EndpointOptions } from '../connect.js';
import { CliError, EXIT, failed, usage } from '../errors.js';
import { printJson, say, textOf } from '../io.js';
import { writeTable } from '../table-writer.js';

const INPUT_BYTES_MAX = 64 * 1024 * 1024;
/** Records in one produce request: a fence may have thousands of vertices. */
const SEND_RECORDS = 50;

export function register(program: Command): void {
  const geofence = program
    .command('geofence')
    .summary('write and read geofences')
    .description('Writes and reads geofences: circles, polygons and corridors, as GeoJSON.');
  withEndpointOptions(geofence.command('put'))
    .description(
      'writes fences; each replaces the fence of its id from its valid_from on. Nothing is written when any is wrong',
    )
    .argument('[file]', 'GeoJSON Feature or FeatureCollection; absent or -: stdin')
    .addHelpText('after', HELP_PUT)
    .action((file: string | undefined, flags: EndpointOptions) => put(file ?? '-', flags));
  withEndpointOptions(geofence.command('list'))
    .description('prints all fences, one record a line')
    .addHelpText('after', HELP_LIST)
    .action((flags: EndpointOptions) => list(flags));
  withEndpointOptions(geofence.command('delete'))
    .description('removes fences: they end now, and so do visits of them')
    .argument('<id...>', 'ids of fences')
    .addHelpText('after', HELP_DELETE)
    .action((ids: string[], flags: EndpointOptions) => remove(ids, flags));
}

const HELP_PUT = `
Example:
  $ fleetwire geofence put yard.geojson

Point with properties.radius_m is a circle; LineString with width_m a corridor; Polygon and MultiPolygon may have holes.
Further properties: name, events (enter, exit, dwell, cross), dwell_s, margin_m, speed_limit, groups, idents, tenant,
valid_from, valid_to, enabled, version.

Exit codes: 0 written; 1 failed; 2 usage, or a fence is wrong (stderr has its field and vertex).`;
const HELP_LIST = `
Example:
  $ fleetwire geofence list | jq .name

Exit codes: 0 printed; 1 failed; 2 usage; 3 there is none.`;
const HELP_DELETE = `
Example:
  $ fleetwire geofence delete yard

Exit codes: 0 written; 1 failed; 2 usage.`;

async function put(file: string, flags: EndpointOptions): Promise<void> {
  const endpoints = endpointsWithRegistry(flags);
  const { parseGeoJson } = await import('../geofences/geojson.js');
  const { fences, problems } = parseGeoJson(await readInput(file), Date.now() * 1000);
  if (problems.length > 0) {
    for (const problem of problems) say(`${file === '-' ? 'stdin' : file}: ${problem}`);
    throw usage(`${problems.length} problem(s); nothing was written`, 'mend what is named above and run it again');
  }
  if (fences.length === 0) throw usage('no fences in the input', 'give a GeoJSON Feature or FeatureCollection');
  await writeTable(
    endpoints,
    'geofences',
    fences.map((fence) => ({ key: fence.id, value: fence })),
    SEND_RECORDS,
  );
  say(`${fences.length} fence(s) written`);
}

async function remove(ids: readonly string[], flags: EndpointOptions): Promise<void> {
  await writeTable(
    endpointsWithRegistry(flags),
    'geofences',
    ids.map((id) => ({ key: id, value: null })),
    SEND_RECORDS,
  );
  say(`${ids.length} fence(s) removed`);
}

async function list(flags: EndpointOptions): Promise<void> {
  const endpoints = endpointsWithRegistry(flags);
  const [{ openCodec, openStreams, stderrLog, withKafka }, { UnknownSchema }] = await Promise.all([
    import('../kafka.js'),
    import('@fleetwire/schemas'),
  ]);
  const codec = await openCodec(endpoints.registry, ['geofences']);
  const values = new Map<string, Buffer>();
  await withKafka(endpoints, 'topic geofences', async () => {
    const table = openStreams(endpoints).table({
      topic: 'geofences',
      log: stderrLog,
      onRecord: ({ key, value }) => {
        if (key === null) return;
        if (value === null) values.delete(key.toString());
        else values.set(key.toString(), value);
      },
    });
    await table.start().finally(() => table.stop());
  });
  if (values.size === 0) throw new CliError(EXIT.nothing, 'no geofences', 'write some with `fleetwire geofence put`');
  for (const [id, value] of [...values].sort(([a], [b]) => (a < b ? -1 : 1))) {
    let fence: Geofence;
    try {
      fence = codec.decode('geofences', value);
    } catch (error) {
      if (!(error instanceof UnknownSchema)) throw failed(`geofence ${id} is not readable`, 'put it again', error);
      await codec.learn(error.schemaId);
      fence = codec.decode('geofences', value);
    }
    await printJson(fence);
  }
}

async function readInput(file: string): Promise<string> {
  if (file === '-') return await textOf(process.stdin, INPUT_BYTES_MAX);
  const { createReadStream } = await import('node:fs');
  try {
    return await textOf(createReadStream(file), INPUT_BYTES_MAX);
  } catch (error) {
    throw usage(
      `${file} can not be read: ${error instanceof Error ? error.message : String(error)}`,
      'give a file, or - for stdin',
    );
  }
}

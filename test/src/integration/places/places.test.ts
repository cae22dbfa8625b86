/** The look-up of places as a process on a real broker: trips in, names of towns out, once for each cell. */
import path from 'node:path';
import os from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Child, freePorts } from '@fleetwire/local';
import { Codec, type Place } from '@fleetwire/schemas';
import { connect, topicSpecs, type Streams } from '@fleetwire/streaming';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { waitFor } from '../../harness/wait.js';
import '../../setup/provided.js';

const MAIN = fileURLToPath(new URL('../../../../services/enricher/dist/places/main.js', import.meta.url));
const WAIT_MS = 90_000;
const REYKJAVIK = { latitude: 64.1355, longitude: -21.8954 };
const BERGEN = { latitude: 60.39, longitude: 5.32 };
const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let folder = '';
let streams: Streams;
let codec: Codec;
let child: Child | null = null;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-places-'));
  streams = connect({ brokers: inject('brokers'), clientId: 'places-test' });
  const admin = streams.admin();
  await admin.applyTopics(topicSpecs({ partitions: 4, replicationFactor: 1 }));
  await admin.close();
  codec = await Codec.connect({ registryUrl: inject('registry'), topics: ['trips', 'places'], timeoutMs: WAIT_MS });
}, WAIT_MS);
afterAll(async () => {
  if (child !== null) {
    child.signal('SIGTERM');
    await child.exited;
  }
  await rm(folder, { recursive: true, force: true });
});

/** All that stands in `places`. */
async function places(): Promise<{ readonly keys: string[]; readonly values: Place[] }> {
  const keys: string[] = [];
  const values: Place[] = [];
  await streams.read({
    topics: ['places'],
    from: 'beginning',
    untilEnd: true,
    onRecord: ({ key, value }) => {
      keys.push(key!.toString());
      values.push(codec.decode('places', value!));
      return true;
    },
  });
  return { keys, values };
}

describe('the look-up of places', () => {
  it('names where trips begin and end, each place once', async () => {
    const [port] = await freePorts(1);
    child = await Child.start({
      name: 'places',
      command: process.execPath,
      args: [MAIN],
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        KAFKA_BROKERS: inject('brokers').join(','),
        SCHEMA_REGISTRY_URL: inject('registry'),
        FLEETWIRE_HTTP_HOST: '127.0.0.1',
        FLEETWIRE_HTTP_PORT: String(port),
        LOG_LEVEL: 'warn',
      },
      logFile: path.join(folder, 'places.log'),
    });
    const ready = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
    await waitFor('places to be ready', () => ready().catch(() => false), WAIT_MS);
    const producer = streams.producer({ log: QUIET });
    const trip = (id: string, from: typeof BERGEN, to: typeof BERGEN) => ({
      topic: 'trips',
      key: `places-test|${id}`,
      partitionKey: 'places-test',
      value: codec.encode('trips', {
        trip_id: id,
        ident: 'places-test',
        kind: 'trip',
        state: 'final',
        started_at: 0,
        emitted_at: 0,
        start_latitude: from.latitude,
        start_longitude: from.longitude,
        end_latitude: to.latitude,
        end_longitude: to.longitude,
      }),
    });
    await producer.send([trip('there', REYKJAVIK, BERGEN), trip('back', BERGEN, REYKJAVIK)]);
    await producer.close();
    await waitFor('both towns', async () => (await places()).values.length >= 2, WAIT_MS);
    const { keys, values } = await places();
    expect(values.map(({ city, country_code: country }) => `${city ?? ''} ${country ?? ''}`).sort()).toEqual([
      'Bergen NO',
      'Reykjavík IS',
    ]);
    expect(new Set(keys).size).toBe(2);
    for (const { source } of values) expect(source).toContain('GeoNames');
  }, 240_000);
});

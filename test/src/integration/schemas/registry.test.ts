/**
 * Schemas against a real registry of its own, which is killed and started again on the way: registering, the rule that guards
 * evolution, ids, and reading what other versions wrote. The tests build on each other, as a deployment does.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { startRegistry, type Registry as RegistryProcess } from '@fleetwire/local';
import {
  Codec,
  Registry,
  SCHEMA_TEXTS,
  SCHEMA_TOPICS,
  TOPIC_SCHEMAS,
  UnknownSchema,
  applySchemas,
  subjectOf,
  verifySchemas,
  type Place,
} from '@fleetwire/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface SchemaJson {
  name: string;
  fields: { name: string; type: unknown; default?: unknown; doc: string }[];
}
const schemaOf = (topic: 'places' | 'commands' | 'telemetry'): SchemaJson =>
  JSON.parse(SCHEMA_TEXTS[TOPIC_SCHEMAS[topic]]) as SchemaJson;

const PLACE: Place = {
  cell: '8928308280fffff',
  label: '1 Main Street, Springfield',
  street: null,
  city: 'Springfield',
  region: null,
  postcode: null,
  country_code: 'US',
  language: 'en',
  source: 'test',
  retrieved_at: 1_700_000_000_123_456,
};

let dataDir: string;
let server: RegistryProcess;
let registry: Registry;
let registryUrl: string;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-schemas-'));
  server = await startRegistry({ dataDir });
  registryUrl = server.url;
  registry = new Registry(registryUrl);
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Registers a text under the subject of `places`, reads its id, and gives a value that an Avro writer of it would write. */
async function writeAs(schema: SchemaJson, value: object): Promise<Buffer> {
  const client = new SchemaRegistry({ host: registryUrl });
  const id = await registry.register(subjectOf('places'), JSON.stringify(schema));
  return client.encode(id, value);
}

describe('deploying schemas', () => {
  it('is reported as missing before it was done', async () => {
    const found = await verifySchemas({ registryUrl });
    expect(found).toHaveLength(SCHEMA_TOPICS.length);
    for (const subject of found) expect(subject).toMatchObject({ id: null, schema: 'missing', compatibility: 'wrong' });
  });

  it('sets the rule of a subject that a stranger registered without one, before it adds a version', async () => {
    const schema = schemaOf('places');
    const first = { ...schema, fields: schema.fields.filter(({ name }) => name !== 'postcode') };
    const response = await fetch(`${registryUrl}/subjects/${subjectOf('places')}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(first) }),
    });
    expect(response.status).toBe(200);
    expect(await applySchemas({ registryUrl, topics: ['places'] })).toMatchObject([
      { subject: 'places-value', schema: 'registered', compatibility: 'set' },
    ]);
    expect(await registry.compatibilityOf('places-value')).toBe('FULL_TRANSITIVE');
  });

  it('is what a starting service waits for, saying so', async () => {
    const said: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
    let deployed: Promise<unknown> = Promise.resolve();
    const codec = await Codec.connect({
      registryUrl,
      topics: ['telemetry'],
      timeoutMs: 60_000,
      log: (message, fields) => {
        if (said.length === 0) deployed = applySchemas({ registryUrl });
        said.push({ message, fields });
      },
    });
    await deployed;
    expect(said[0]).toMatchObject({
      message: 'waiting for the schema registry',
      fields: { topic: 'telemetry', remedy: 'run the deploy step that registers the schemas' },
    });
    expect(codec.idOf('telemetry')).toBe(await registry.lookUp('telemetry-value', SCHEMA_TEXTS.telemetry));
  });

  it('registers every topic under the strict rule', async () => {
    const found = await verifySchemas({ registryUrl });
    for (const subject of found) expect(subject).toMatchObject({ schema: 'unchanged', compatibility: 'unchanged' });
    for (const topic of SCHEMA_TOPICS) expect(await registry.compatibilityOf(subjectOf(topic))).toBe('FULL_TRANSITIVE');
  });

  it('changes nothing the second time', async () => {
    const first = await verifySchemas({ registryUrl });
    expect(await applySchemas({ registryUrl })).toEqual(first);
  });
});

describe('the rule', () => {
  const register = (topic: 'commands' | 'telemetry', schema: SchemaJson): Promise<number> =>
    registry.register(subjectOf(topic), JSON.stringify(schema));

  it('refuses a new field without a default', async () => {
    const schema = schemaOf('commands');
    schema.fields.push({ name: 'added', type: 'string', doc: 'Breaks readers of old values.' });
    await expect(register('commands', schema)).rejects.toMatchObject({ code: 'incompatible_schema', retriable: false });
  });

  it('refuses to take away a field without a default', async () => {
    const schema = schemaOf('commands');
    schema.fields = schema.fields.filter(({ name }) => name !== 'expires_at');
    await expect(register('commands', schema)).rejects.toMatchObject({ code: 'incompatible_schema' });
  });

  it('refuses another type of a hot parameter', async () => {
    const schema = schemaOf('telemetry');
    const field = schema.fields.find(({ name }) => name === 'position_speed')!;
    field.type = ['null', 'string'];
    await expect(register('telemetry', schema)).rejects.toMatchObject({ code: 'incompatible_schema' });
  });

  it('takes a new hot parameter, which is null by default', async () => {
    const schema = schemaOf('telemetry');
    schema.fields.push({ name: 'added', type: ['null', 'double'], default: null, doc: 'A promoted parameter.' });
    expect(await register('telemetry', schema)).toBeGreaterThan(0);
  });
});

describe('values', () => {
  const connect = (): Promise<Codec> => Codec.connect({ registryUrl, topics: ['places'], timeoutMs: 20_000 });

  it('pass between two processes that looked their ids up apart', async () => {
    const [writer, reader] = [await connect(), await connect()];
    expect(reader.decode('places', writer.encode('places', PLACE))).toEqual(PLACE);
  });

  it('pass between this codec and the public client of the registry, both ways', async () => {
    const client = new SchemaRegistry({ host: registryUrl });
    const codec = await connect();
    expect({ ...((await client.decode(codec.encode('places', PLACE))) as Place) }).toEqual(PLACE);
    expect(codec.decode('places', await client.encode(codec.idOf('places'), PLACE))).toEqual(PLACE);
    expect(SchemaType.AVRO).toBe('AVRO');
  });

  it('of an older version are read with defaults for what it had not', async () => {
    const schema = schemaOf('places');
    const older = { ...schema, fields: schema.fields.filter(({ name }) => name !== 'postcode' && name !== 'region') };
    const { postcode, region, ...rest } = PLACE;
    expect([postcode, region]).toEqual([null, null]);
    const bytes = await writeAs(older, rest);
    const codec = await connect();
    const id = codec.writerIdOf(bytes)!;
    expect(() => codec.decode('places', bytes)).toThrow(UnknownSchema);
    await codec.learn(id);
    expect(codec.decode('places', bytes)).toEqual(PLACE);
  });

  it('of a newer version are read without what is new in it', async () => {
    const newer = schemaOf('places');
    newer.fields.splice(1, 0, { name: 'floor', type: ['null', 'string'], default: null, doc: 'Of a later version.' });
    const bytes = await writeAs(newer, { ...PLACE, floor: '3' });
    const codec = await connect();
    await codec.learn(codec.writerIdOf(bytes)!);
    expect(codec.decode('places', bytes)).toEqual(PLACE);
  });

  it('with an id that the registry does not know cannot be learnt, and that is final', async () => {
    const codec = await connect();
    await expect(codec.learn(999_999)).rejects.toMatchObject({ code: 'schema_not_found', retriable: false });
  });
});

describe('when the registry is away', () => {
  it('values pass as before, learning says that it may be tried again, and a start gives up after its time', async () => {
    const codec = await Codec.connect({ registryUrl, topics: ['places'], timeoutMs: 20_000 });
    const foreign = await registry.lookUp('telemetry-value', SCHEMA_TEXTS.telemetry);
    await server.kill('SIGKILL');
    expect(codec.decode('places', codec.encode('places', PLACE))).toEqual(PLACE);
    await expect(codec.learn(foreign)).rejects.toMatchObject({ code: 'registry_unavailable', retriable: true });
    const remedies: unknown[] = [];
    const start = Codec.connect({
      registryUrl,
      topics: ['places'],
      timeoutMs: 1_200,
      log: (_message, { remedy }) => remedies.push(remedy),
    });
    await expect(start).rejects.toMatchObject({ code: 'registry_unavailable' });
    expect(remedies).toContain('start the registry');
    await server.start();
    await codec.learn(foreign);
    expect(() => codec.decode('places', codec.encode('places', PLACE))).not.toThrow();
  });

  it('what was registered is still there after it was killed', async () => {
    const found = await verifySchemas({ registryUrl });
    for (const subject of found) expect(subject).toMatchObject({ schema: 'unchanged', compatibility: 'unchanged' });
  });
});

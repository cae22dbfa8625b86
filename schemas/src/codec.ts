/**
 * Values of topics as bytes and back, in Confluent framing: 0, schema id (4 bytes, big endian), Avro body.
 *
 * Synchronous once connected. Ids are only looked up: registering is a deploy step (`applySchemas`). A value with an unknown
 * writer id throws UnknownSchema; `learn` it (one request) and decode again. Encoded values are parts of shared memory that is
 * never written again; copy what is kept for long.
 */
import assert from 'node:assert/strict';
import avsc from 'avsc';
import { RECORD_WRITERS, writeEnrichment } from './record-writers.generated.js';
import { MalformedValue, SchemaError, UnknownSchema } from './errors.js';
import { Registry, type RegistryAccess } from './registry.js';
import { readOutline, type TelemetryOutline } from './telemetry-outline.generated.js';
import { readEnricherState } from './enricher-state-reader.js';
import { readRawFrame } from './raw-frame-reader.js';
import { readTelemetry } from './telemetry-reader.generated.js';
import { LIST_FIELD_NAMES, writeTelemetry } from './telemetry-writer.generated.js';
import {
  SCHEMA_TEXTS,
  type DraftTypes,
  type EnrichedTelemetryDraft,
  type Enrichment,
  type RecordTypes,
  type TelemetryDraft,
} from './records.generated.js';
import { Slab, type Write } from './slab.js';
import { DAMAGED, skipOf, type Skip } from './skim.js';
import { SCHEMA_TOPICS, TOPIC_SCHEMAS, subjectOf, type SchemaName, type SchemaTopic } from './topics.js';

const HEADER_BYTES = 5;
/** Most foreign schemas that a process learns: versions of two dozen subjects over years. */
export const LEARNT_MAX = 1_000;
/** Pause between two attempts to reach the registry at start. */
const RETRY_MS = 500;

export interface CodecOptions {
  /** Root of the Confluent-compatible interface, e.g. `http://127.0.0.1:8081/apis/ccompat/v7`. */
  readonly registryUrl: string;
  /** Login and certificates, where the registry asks for them. */
  readonly access?: RegistryAccess;
  /** Topics that the process reads or writes. */
  readonly topics: readonly SchemaTopic[];
  /** Told, at most once an attempt, why the start still waits. */
  readonly log?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** After this a start that cannot find its ids rejects. */
  readonly timeoutMs: number;
}

interface Reader {
  readonly topic: SchemaTopic;
  readonly type: avsc.Type;
  readonly id: number;
  readonly skip: Skip;
  readonly writers: Map<number, Writer>;
}

/** How values of another version are walked over and read. */
interface Writer {
  readonly resolver: avsc.Resolver;
  readonly skip: Skip;
}

type WriteRecord = (value: unknown, into: Buffer, view: DataView, at: number) => number;

function putEnrichment(enrichment: Enrichment | null, into: Buffer, view: DataView, at: number): number {
  if (at >= into.length) return into.length - at - 1;
  into[at] = enrichment === null ? 0 : 2;
  return enrichment === null ? at + 1 : writeEnrichment(enrichment, into, view, at + 1);
}

interface Schema {
  readonly type: avsc.Type;
  readonly skip: Skip;
}

const SCHEMAS = new Map<SchemaName, Schema>();
function schemaOf(name: SchemaName): Schema {
  const known = SCHEMAS.get(name);
  if (known !== undefined) return known;
  const schema = parseSchema(SCHEMA_TEXTS[name]);
  SCHEMAS.set(name, schema);
  return schema;
}
function parseSchema(text: string): Schema {
  const json: unknown = JSON.parse(text);
  return { type: avsc.Type.forSchema(json as avsc.Schema, { wrapUnions: 'auto' }), skip: skipOf(json) };
}

/** The Avro type of a schema of this build; built once. */
export const avroTypeOf = (name: SchemaName): avsc.Type => schemaOf(name).type;

/** The error of a failed encode, with the path of the first field at fault. */
function nameTheField(topic: string, type: avsc.Type, value: unknown, cause: unknown): TypeError {
  let fault = cause instanceof Error ? cause.message : String(cause);
  type.isValid(value, {
    errorHook(path, found, wanted) {
      if (!fault.startsWith('field')) fault = `field ${path.join('.')}: ${String(found)} is no ${wanted.toString()}`;
    },
  });
  return new TypeError(`a value of ${topic} cannot be written: ${fault}`, { cause });
}

export class Codec {
  readonly #readers = new Map<string, Reader>();
  readonly #learnt = new Map<number, Schema>();
  readonly #learning = new Map<number, Promise<void>>();
  readonly #slab = new Slab();
  /** Types of the parts of Telemetry that the general library writes. */
  readonly #lists: readonly Schema[];

  private constructor(
    ids: ReadonlyMap<SchemaTopic, number>,
    private readonly fetchSchema: (id: number) => Promise<string>,
  ) {
    for (const [topic, id] of ids)
      this.#readers.set(topic, { topic, id, ...schemaOf(TOPIC_SCHEMAS[topic]), writers: new Map() });
    const enriched = avroTypeOf('telemetry-enriched');
    assert(enriched instanceof avsc.types.RecordType);
    this.#lists = LIST_FIELD_NAMES.map((name) => {
      const { type } = enriched.field(name);
      assert(type instanceof avsc.types.UnwrappedUnionType);
      const [, list] = type.types;
      assert(list !== undefined);
      return { type: list, skip: skipOf(list.schema()) };
    });
  }

  /**
   * Looks up the ids of the topics' schemas. Waits for a registry that is away, and for the deploy step that registers.
   * Rejects with the last SchemaError after `timeoutMs`.
   */
  static async connect(options: CodecOptions): Promise<Codec> {
    const { registryUrl, topics, log, timeoutMs } = options;
    const registry = new Registry(registryUrl, Math.min(timeoutMs, 5_000), options.access);
    const deadline = performance.now() + timeoutMs;
    const ids = new Map<SchemaTopic, number>();
    for (const topic of topics) {
      for (;;) {
        try {
          ids.set(topic, await registry.lookUp(subjectOf(topic), SCHEMA_TEXTS[TOPIC_SCHEMAS[topic]]));
          break;
        } catch (error: unknown) {
          const waits = error instanceof SchemaError && (error.retriable || error.code === 'schema_not_found');
          if (!waits || performance.now() + RETRY_MS > deadline) throw error;
          const remedy = error.retriable ? 'start the registry' : 'run the deploy step that registers the schemas';
          log?.('waiting for the schema registry', { topic, code: error.code, remedy, error: error.message });
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    }
    return new Codec(ids, (id) => registry.schemaOf(id));
  }

  /**
   * Without a registry: ids are the topics' places, from 1. For tests, benchmarks, and tools that read their own writing;
   * `fetchSchema` stands for the registry in `learn`.
   */
  static local(
    topics: readonly SchemaTopic[] = SCHEMA_TOPICS,
    fetchSchema: (id: number) => Promise<string> = (id) =>
      Promise.reject(new SchemaError('schema_not_found', `schema ${id}: there is no registry`, false)),
  ): Codec {
    return new Codec(new Map(topics.map((topic) => [topic, SCHEMA_TOPICS.indexOf(topic) + 1])), fetchSchema);
  }

  #reader(topic: string): Reader {
    const reader = this.#readers.get(topic);
    if (reader === undefined) throw new Error(`topic ${topic} was not among the topics given to Codec.connect`);
    return reader;
  }

  /** Id under which this build's schema of the topic is registered. */
  idOf(topic: SchemaTopic): number {
    return this.#reader(topic).id;
  }

  /** Schema id in the header of a value; null: no Confluent header. */
  writerIdOf(value: Buffer): number | null {
    return value.length >= HEADER_BYTES && value[0] === 0 ? value.readUInt32BE(1) : null;
  }

  /** Bytes of a value. Throws TypeError naming the field when the value is not what the schema says. */
  encode<T extends SchemaTopic>(topic: T, value: DraftTypes[T]): Buffer {
    const { id, type } = this.#reader(topic);
    const write = this.#writerOf(topic, value);
    try {
      return this.#slab.take((into, at, view) => {
        const start = at + HEADER_BYTES;
        if (start > into.length) return into.length - start;
        into[at] = 0;
        into.writeUInt32BE(id, at + 1);
        return write(into, start, view);
      });
    } catch (error: unknown) {
      throw nameTheField(topic, type, value, error);
    }
  }

  /** Every schema has a writer of its own, several times as fast as the general one; Enriched is Telemetry and one field more. */
  #writerOf(topic: SchemaTopic, value: DraftTypes[SchemaTopic]): Write {
    const lists = this.#lists;
    const schema = TOPIC_SCHEMAS[topic];
    switch (schema) {
      case 'telemetry':
        return (into, at, view) => writeTelemetry(value as TelemetryDraft, into, view, at, lists);
      case 'telemetry-enriched': {
        const enriched = value as EnrichedTelemetryDraft;
        return (into, at, view) => {
          const end = writeTelemetry(enriched, into, view, at, lists);
          return end < 0 ? end : putEnrichment(enriched.enrichment ?? null, into, view, end);
        };
      }
      default: {
        // The writer of the topic's own schema: the value's type is that of the topic.
        const write = RECORD_WRITERS[schema] as WriteRecord;
        return (into, at, view) => write(value, into, view, at);
      }
    }
  }

  /** Value of bytes. Throws UnknownSchema (learn it and try again) or MalformedValue (dead-letter it). */
  decode<T extends SchemaTopic>(topic: T, value: Buffer): RecordTypes[T] {
    const reader = this.#reader(topic);
    const id = this.writerIdOf(value);
    if (id === null) throw new MalformedValue(topic, 'does not begin with a schema id');
    const writer = id === reader.id ? null : this.#writer(reader, id);
    try {
      if (writer === null) {
        // The topic's schema is that of the value.
        const read = this.#readOwn(TOPIC_SCHEMAS[topic], value) as RecordTypes[T] | null;
        if (read !== null) return read;
      }
      const end = (writer ?? reader).skip(value, HEADER_BYTES);
      if (end === DAMAGED) throw new MalformedValue(topic, 'is cut short or damaged');
      if (end !== value.length) throw new MalformedValue(topic, `has ${value.length - end} bytes after its end`);
      // The type was made from the schema that the types were generated from.
      return reader.type.decode(value, HEADER_BYTES, writer?.resolver).value as RecordTypes[T];
    } catch (error: unknown) {
      if (error instanceof MalformedValue) throw error;
      throw new MalformedValue(topic, `is not what schema ${id} says`, error);
    }
  }

  /** A value of this build's schema, where there is a reader for it; null: the general library reads it, or says what is wrong. */
  #readOwn(schema: string, value: Buffer): unknown {
    if (schema === 'telemetry') return readTelemetry(value, HEADER_BYTES, this.#lists);
    if (schema === 'enricher-state') return readEnricherState(value, HEADER_BYTES);
    return schema === 'raw-frame' ? readRawFrame(value, HEADER_BYTES) : null;
  }

  /**
   * Of a Telemetry value what folds ask for, a fraction of the cost of `decode`. Null where the value was not written with this build's
   * schema, or is damaged: `decode` reads it then, or says what is wrong.
   */
  outline(value: Buffer): TelemetryOutline | null {
    return this.writerIdOf(value) === this.idOf('telemetry') ? readOutline(value, HEADER_BYTES, this.#lists) : null;
  }

  /** The same value for another topic with the same schema: the same bytes where both have one id. */
  relabel(value: Buffer, target: SchemaTopic): Buffer {
    const id = this.idOf(target);
    if (this.writerIdOf(value) === id) return value;
    return this.#slab.take((into, at, view) => {
      const end = at + value.length;
      if (end > into.length) return into.length - end;
      into.set(value, at);
      view.setUint32(at + 1, id);
      return end;
    });
  }

  #writer(reader: Reader, id: number): Writer {
    const known = reader.writers.get(id);
    if (known !== undefined) return known;
    const learnt = this.#learnt.get(id);
    if (learnt === undefined) throw new UnknownSchema(id);
    try {
      const writer = { resolver: reader.type.createResolver(learnt.type), skip: learnt.skip };
      reader.writers.set(id, writer);
      return writer;
    } catch (error: unknown) {
      const text = `schema ${id} cannot be read as a value of ${reader.topic}`;
      throw new SchemaError('incompatible_writer', text, false, error);
    }
  }

  /** Whether values under this id can be read without `learn`. */
  knows(topic: SchemaTopic, schemaId: number): boolean {
    return schemaId === this.idOf(topic) || this.#learnt.has(schemaId);
  }

  /** Fetches a writer's schema, once for all who ask at the same time. Rejects with SchemaError; see `retriable`. */
  learn(schemaId: number): Promise<void> {
    if (this.#learnt.has(schemaId)) return Promise.resolve();
    const running = this.#learning.get(schemaId);
    if (running !== undefined) return running;
    const learning = this.#fetch(schemaId).finally(() => this.#learning.delete(schemaId));
    this.#learning.set(schemaId, learning);
    return learning;
  }

  async #fetch(schemaId: number): Promise<void> {
    if (this.#learnt.size >= LEARNT_MAX)
      throw new SchemaError('registry_refused', `${LEARNT_MAX} foreign schemas are learnt already`, false);
    const text = await this.fetchSchema(schemaId);
    try {
      this.#learnt.set(schemaId, parseSchema(text));
    } catch (error: unknown) {
      throw new SchemaError('incompatible_writer', `schema ${schemaId} is not Avro`, false, error);
    }
  }

  /**
   * An enriched value made of a Telemetry value's bytes: Avro writes a record as its fields one after the other, and Enriched
   * is Telemetry with one field more. Null when the value was not written with this build's Telemetry schema: decode and
   * encode then. `telemetry` and the target topic must be among the codec's topics.
   */
  appendEnrichment(
    telemetryValue: Buffer,
    enrichment: Enrichment | null,
    target: 'telemetry-enriched' | 'device-state' = 'telemetry-enriched',
  ): Buffer | null {
    if (this.writerIdOf(telemetryValue) !== this.idOf('telemetry')) return null;
    const id = this.idOf(target);
    return this.#slab.take((into, at, view) => {
      const end = at + telemetryValue.length;
      if (end > into.length) return into.length - end;
      into.set(telemetryValue, at);
      view.setUint32(at + 1, id);
      return putEnrichment(enrichment, into, view, end);
    });
  }
}

/**
 * Traces from the socket to the enriched record, off unless an OTLP endpoint is set: then services hold `null`, load nothing and do nothing.
 *
 * - The edge decides, by a hash of the ident: all frames of a device, or none. Records carry the decision as the header `traceparent` (W3C); every later step follows
 *   it, whoever wrote it.
 * - A step over a batch is a span of its own, with a link to each traced record in it; each traced record has a span in its own trace, linked to the step's.
 * - What is not sent in time is dropped by the exporter's bounded queue: traces never hold anything up.
 */
import type { InRecord, OutRecord } from '@fleetwire/streaming';

export type SpanKind = 'server' | 'consumer' | 'internal';
export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  readonly kind: SpanKind;
  /** `traceparent` of what it continues; absent: a new trace. */
  readonly parent?: string;
  /** `traceparent`s of what it has to do with. */
  readonly links?: readonly string[];
  /** Wall clock, ms. Absent: now. */
  readonly startMs?: number;
  readonly attributes?: Attributes;
}

export interface Span {
  readonly traceId: string;
  /** As a header, for what comes after. */
  readonly traceparent: string;
  end(how?: { readonly attributes?: Attributes; readonly error?: unknown }): void;
}

/** What services see of tracing; the official packages stand behind it (`tracing-otlp.ts`). */
export interface Tracer {
  /** Whether frames of this device are traced. Always the same answer for a device and a share. */
  samples(ident: string): boolean;
  begin(name: string, options: SpanOptions): Span;
  /** Keeps a trace as the example of what was just done with a topic, for `exampleOf`. */
  remember(topic: string, traceId: string): void;
  /** The trace kept last for a topic; given out once. */
  exampleOf(topic: string): string | undefined;
  /** Sends what is left, for a bounded time. */
  close(): Promise<void>;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const SAMPLED = 1;

/** The header of a record when it says that it is traced; null: it is not, or cannot be read. */
export function tracedBy(record: Pick<InRecord, 'headers'>): string | null {
  const header = record.headers['traceparent'];
  if (header === undefined) return null;
  const text = header.toString('latin1');
  const match = TRACEPARENT.exec(text);
  return match !== null && (Number.parseInt(match[3]!, 16) & SAMPLED) !== 0 && !/^0+$/.test(match[1]!) ? text : null;
}

/** Share of idents, 0 to 1, by FNV-1a: spread evenly, and the same on every edge. */
export function inShare(ident: string, share: number): boolean {
  let hash = 0x811c9dc5;
  for (let i = 0; i < ident.length; i++) hash = Math.imul(hash ^ ident.charCodeAt(i), 0x01000193);
  // The last bits of similar idents differ least: they are mixed once more.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32 < share;
}

/** The traces of one step over a batch. */
export class StepTrace {
  readonly #tracer: Tracer;
  readonly #step: string;
  readonly #span: Span;
  readonly #parents: ReadonlyMap<InRecord, string>;
  #sinceMs = Date.now();

  private constructor(
    tracer: Tracer,
    step: string,
    records: readonly InRecord[],
    parents: ReadonlyMap<InRecord, string>,
  ) {
    this.#tracer = tracer;
    this.#step = step;
    this.#parents = parents;
    const first = records[0]!;
    this.#span = tracer.begin(`${step} batch`, {
      kind: 'consumer',
      links: [...parents.values()],
      attributes: { ...placeOf(first), 'messaging.batch.message_count': records.length },
    });
  }

  /** Null: tracing is off, or nothing in the batch is traced. */
  static of(tracer: Tracer | null, step: string, records: readonly InRecord[]): StepTrace | null {
    if (tracer === null) return null;
    let parents: Map<InRecord, string> | null = null;
    for (const record of records) {
      const parent = tracedBy(record);
      if (parent !== null) (parents ??= new Map()).set(record, parent);
    }
    return parents === null ? null : new StepTrace(tracer, step, records, parents);
  }

  /** A record has become these outputs, from index on, `to` excluded: they carry its trace on. */
  became(record: InRecord, outputs: (OutRecord | null)[], from: number, to = outputs.length): void {
    const parent = this.#parents.get(record);
    if (parent === undefined) {
      this.#sinceMs = Date.now();
      return;
    }
    const span = this.#tracer.begin(this.#step, {
      kind: 'consumer',
      parent,
      links: [this.#span.traceparent],
      startMs: this.#sinceMs,
      attributes: { ...placeOf(record), 'messaging.kafka.offset': record.offset },
    });
    let count = 0;
    for (let at = from; at < to; at++) {
      const output = outputs[at];
      if (output === null || output === undefined) continue;
      outputs[at] = { ...output, headers: { ...output.headers, traceparent: span.traceparent } };
      count++;
    }
    span.end({ attributes: { 'fleetwire.outputs': count } });
    this.#tracer.remember(record.topic, span.traceId);
    this.#sinceMs = Date.now();
  }

  end(): void {
    this.#span.end();
  }
}

const placeOf = ({ topic, partition }: InRecord): Attributes => ({
  'messaging.system': 'kafka',
  'messaging.operation.type': 'process',
  'messaging.destination.name': topic,
  'messaging.destination.partition.id': String(partition),
});

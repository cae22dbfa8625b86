/**
 * Frames and dead letters to Kafka. One batching producer, bounded by pressure: it never drops, its callers stop reading.
 */
import type { Codec, DeadLetter, RawFrame } from '@fleetwire/schemas';
import type { Tracer } from '@fleetwire/service';
import type { BatchingProducer, Delivery, OutRecord } from '@fleetwire/streaming';
import type { Clock } from './clock.js';
import type { EdgeMetrics } from './metrics.js';

/** Header values of a frame; one object a connection and protocol. */
export type FrameHeaders = Readonly<Record<'peer' | 'protocol', string>>;

/** Told once for each frame or dead letter. */
export interface CommitListener {
  committed(): void;
  failed(error: unknown): void;
  /** Before either: the frame is traced. */
  traced?(traceId: string): void;
}

/** Commits and failures as the pressure gate sees them. */
export class CommitWatch {
  readonly #clock: Clock;
  #waiting = 0;
  #waitingSinceMs = 0;
  lastCommitMs = -Infinity;
  lastFailureMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** Since when something waits without a commit; null: nothing waits. */
  get waitingSinceMs(): number | null {
    return this.#waiting === 0 ? null : this.#waitingSinceMs;
  }
  get waiting(): number {
    return this.#waiting;
  }
  /** Something else was committed (the lease): the brokers are there, whatever waits here. */
  alive(): void {
    this.lastCommitMs = this.#clock.monotonicMs();
  }
  lost(): void {
    this.lastFailureMs = this.#clock.monotonicMs();
  }
  begun(): void {
    if (this.#waiting++ === 0) this.#waitingSinceMs = this.#clock.monotonicMs();
  }
  committed(): void {
    this.#waiting--;
    this.lastCommitMs = this.#waitingSinceMs = this.#clock.monotonicMs();
  }
  failed(): void {
    this.#waiting--;
    this.lastFailureMs = this.#waitingSinceMs = this.#clock.monotonicMs();
  }
}

export interface PublisherDeps {
  readonly producer: BatchingProducer;
  readonly codec: Codec;
  readonly watch: CommitWatch;
  readonly metrics: EdgeMetrics;
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
}

export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #frameErrors;
  readonly #deadLetterErrors;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.#frameErrors = deps.metrics.produceErrors.of({ topic: 'raw-frames' });
    this.#deadLetterErrors = deps.metrics.produceErrors.of({ topic: 'dead-letters' });
  }

  get bytesPending(): number {
    return this.#deps.producer.bytesPending;
  }

  /** The listener is told when the frame is committed, or refused: then it may not be acknowledged. */
  frame(frame: RawFrame, headers: FrameHeaders, listener: CommitListener): void {
    const value = this.#deps.codec.encode('raw-frames', frame);
    const record = {
      topic: 'raw-frames',
      key: frame.ident,
      value,
      headers,
      timestampMs: Math.floor(frame.received_at / 1000),
    };
    const { tracer } = this.#deps;
    if (tracer !== null && tracer.samples(frame.ident)) this.#traced(tracer, frame, record, listener);
    else this.#append(record, listener, this.#frameErrors);
  }

  /** The trace begins when the frame was received and is carried on by its record; this part of it ends with the commit. */
  #traced(tracer: Tracer, frame: RawFrame, record: OutRecord, listener: CommitListener): void {
    const span = tracer.begin('receive', {
      kind: 'server',
      startMs: frame.received_at / 1000,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'send',
        'messaging.destination.name': record.topic,
        'network.transport': frame.transport,
        'fleetwire.protocol': frame.protocol,
        'fleetwire.listener': frame.listener,
      },
    });
    listener.traced?.(span.traceId);
    const ends: CommitListener = {
      committed() {
        span.end();
        listener.committed();
      },
      failed(error) {
        span.end({ error });
        listener.failed(error);
      },
    };
    const headers = { ...record.headers, traceparent: span.traceparent };
    this.#append({ ...record, headers }, ends, this.#frameErrors);
  }

  deadLetter(letter: DeadLetter, listener: CommitListener): void {
    const key = letter.ident ?? letter.peer ?? 'unknown';
    const value = this.#deps.codec.encode('dead-letters', letter);
    this.#append({ topic: 'dead-letters', key, value }, listener, this.#deadLetterErrors);
  }

  #append(record: OutRecord, listener: CommitListener, errors: { inc(): void }): void {
    const { producer, watch } = this.#deps;
    watch.begun();
    producer.enqueue(record, new Watched(watch, listener, errors));
  }
}

/** A record under way: one object, no promise and no closures. */
class Watched implements Delivery {
  constructor(
    readonly watch: CommitWatch,
    readonly listener: CommitListener,
    readonly errors: { inc(): void },
  ) {}
  committed(): void {
    this.watch.committed();
    this.listener.committed();
  }
  failed(error: unknown): void {
    this.watch.failed();
    this.errors.inc();
    this.listener.failed(error);
  }
}

/** The tracer over the official OpenTelemetry packages: spans in batches over OTLP/HTTP. Loaded only when an endpoint is set. */
import {
  ROOT_CONTEXT,
  SpanKind as Kind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type SpanContext,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { inShare, type Span, type SpanKind, type Tracer } from './tracing.js';

export interface OtlpOptions {
  /** Root of the collector, such as `http://collector:4318`; spans go to `/v1/traces` under it. */
  readonly endpoint: string;
  /** Share of the devices whose frames are traced, 0 to 1. */
  readonly share: number;
  readonly service: string;
}

/** Spans that wait for the next batch; more are dropped. */
const QUEUE_SPANS_MAX = 4096;
const BATCH_SPANS_MAX = 512;
const BATCH_EVERY_MS = 1_000;
const SEND_TIMEOUT_MS = 5_000;
/** Links of a span; a batch of traced records may have more. */
const LINKS_MAX = 128;

const KINDS: Readonly<Record<SpanKind, Kind>> = {
  server: Kind.SERVER,
  consumer: Kind.CONSUMER,
  internal: Kind.INTERNAL,
};

export function otlpTracer({ endpoint, share, service }: OtlpOptions): Tracer {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: SEND_TIMEOUT_MS,
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'fleetwire' }),
    // Whether is decided before, by device or by header.
    sampler: new AlwaysOnSampler(),
    spanLimits: { linkCountLimit: LINKS_MAX },
    spanProcessors: [
      new BatchSpanProcessor(exporter, {
        maxQueueSize: QUEUE_SPANS_MAX,
        maxExportBatchSize: BATCH_SPANS_MAX,
        scheduledDelayMillis: BATCH_EVERY_MS,
        exportTimeoutMillis: SEND_TIMEOUT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('fleetwire');
  const examples = new Map<string, string>();
  return {
    samples: (ident) => inShare(ident, share),
    begin(name, options) {
      const { kind, parent, links, startMs, attributes } = options;
      const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(parent));
      return new OtlpSpan(
        tracer.startSpan(
          name,
          {
            kind: KINDS[kind],
            ...(links === undefined
              ? {}
              : { links: links.slice(0, LINKS_MAX).map((link) => ({ context: contextOf(link) })) }),
            ...(startMs === undefined ? {} : { startTime: startMs }),
            ...(attributes === undefined ? {} : { attributes }),
          },
          context,
        ),
      );
    },
    remember: (topic, traceId) => void examples.set(topic, traceId),
    exampleOf(topic) {
      const example = examples.get(topic);
      examples.delete(topic);
      return example;
    },
    close: () => provider.shutdown(),
  };
}

class OtlpSpan implements Span {
  readonly traceId: string;
  readonly traceparent: string;
  constructor(private readonly span: ReturnType<ReturnType<BasicTracerProvider['getTracer']>['startSpan']>) {
    const { traceId, spanId } = span.spanContext();
    this.traceId = traceId;
    this.traceparent = `00-${traceId}-${spanId}-01`;
  }
  end(how: Parameters<Span['end']>[0] = {}): void {
    if (how.attributes !== undefined) this.span.setAttributes(how.attributes);
    if (how.error !== undefined)
      this.span.setStatus({
        code: SpanStatusCode.ERROR,
        message: how.error instanceof Error ? how.error.message : `${typeof how.error} was thrown`,
      });
    this.span.end();
  }
}

/** Of a `traceparent` that was checked before, or that we wrote. */
function contextOf(traceparent: string): SpanContext {
  const [, traceId = '', spanId = ''] = traceparent.split('-');
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}

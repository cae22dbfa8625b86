import type { InRecord, OutRecord } from '@fleetwire/streaming';
import { describe, expect, it } from 'vitest';
import { inShare, StepTrace, tracedBy, type SpanOptions, type Tracer } from './tracing.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const record = (offset: number, traceparent?: string): InRecord => ({
  topic: 'raw-frames',
  partition: 3,
  offset,
  key: null,
  value: null,
  headers: traceparent === undefined ? {} : { traceparent: Buffer.from(traceparent) },
  timestampMs: 0,
});
const out = (topic: string): OutRecord => ({ topic, key: 'k', value: null });

/** Keeps what was begun; span ids count up. */
function memory(): Tracer & { readonly spans: { name: string; options: SpanOptions; ended: boolean }[] } {
  const spans: { name: string; options: SpanOptions; ended: boolean }[] = [];
  const examples = new Map<string, string>();
  return {
    spans,
    samples: () => true,
    begin(name, options) {
      const span = { name, options, ended: false };
      spans.push(span);
      const traceId = options.parent?.split('-')[1] ?? 'f'.repeat(32);
      const traceparent = `00-${traceId}-${String(spans.length).padStart(16, '0')}-01`;
      return { traceId, traceparent, end: () => void (span.ended = true) };
    },
    remember: (topic, traceId) => void examples.set(topic, traceId),
    exampleOf: (topic) => examples.get(topic),
    close: () => Promise.resolve(),
  };
}

describe('tracedBy', () => {
  it('takes the header of a record that is sampled, and no other', () => {
    const sampled = `00-${TRACE}-00f067aa0ba902b7-01`;
    expect(tracedBy(record(1, sampled))).toBe(sampled);
    for (const header of [
      undefined,
      `00-${TRACE}-00f067aa0ba902b7-00`,
      'x',
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    ])
      expect(tracedBy(record(1, header))).toBeNull();
  });
});

describe('inShare', () => {
  it('takes about the share that it is told, and always the same devices', () => {
    const idents = Array.from({ length: 20_000 }, (_, i) => `3500000000${String(i).padStart(5, '0')}`);
    const taken = idents.filter((ident) => inShare(ident, 0.01));
    expect(taken.length).toBeGreaterThan(140);
    expect(taken.length).toBeLessThan(260);
    expect(idents.filter((ident) => inShare(ident, 0.01))).toEqual(taken);
    expect(taken.every((ident) => inShare(ident, 0.1))).toBe(true);
    expect(idents.every((ident) => inShare(ident, 1))).toBe(true);
    expect(idents.some((ident) => inShare(ident, 0))).toBe(false);
  });
});

describe('StepTrace', () => {
  it('is nothing when tracing is off, or nothing in the batch is traced', () => {
    expect(StepTrace.of(null, 'decode', [record(1, `00-${TRACE}-00f067aa0ba902b7-01`)])).toBeNull();
    const tracer = memory();
    expect(StepTrace.of(tracer, 'decode', [record(1), record(2)])).toBeNull();
    expect(tracer.spans).toEqual([]);
  });

  it('continues the trace of a record over what it became, and links it with the batch both ways', () => {
    const tracer = memory();
    const parent = `00-${TRACE}-00f067aa0ba902b7-01`;
    const records = [record(1), record(2, parent)];
    const trace = StepTrace.of(tracer, 'decode', records)!;
    const outputs = [out('telemetry'), out('telemetry'), null, out('command-reports')];
    trace.became(records[0]!, outputs, 0, 1);
    trace.became(records[1]!, outputs, 1);
    trace.end();
    expect(tracer.spans.map(({ name, ended }) => [name, ended])).toEqual([
      ['decode batch', true],
      ['decode', true],
    ]);
    const [batch, step] = tracer.spans;
    expect(batch!.options.links).toEqual([parent]);
    expect(step!.options.parent).toBe(parent);
    expect(step!.options.links).toEqual([`00-${'f'.repeat(32)}-0000000000000001-01`]);
    expect(outputs.map((one) => one?.headers?.['traceparent'])).toEqual([
      undefined,
      `00-${TRACE}-0000000000000002-01`,
      undefined,
      `00-${TRACE}-0000000000000002-01`,
    ]);
    expect(tracer.exampleOf('raw-frames')).toBe(TRACE);
  });
});

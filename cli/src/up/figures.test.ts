import { describe, expect, it } from 'vitest';
import { figureLine, parseSamples, quantile, totalsOf } from './figures.js';

const EDGE = (frames: number, fast: number, all: number): string => `# HELP fleetwire_edge_frames_total frames
# TYPE fleetwire_edge_frames_total counter
fleetwire_edge_frames_total{protocol="astra",result="acked",app="edge-listener"} ${frames}
fleetwire_edge_connections{transport="tcp",protocol="astra"} 40
fleetwire_edge_connections{transport="udp",protocol="h02"} 2
fleetwire_edge_ack_latency_seconds_bucket{protocol="astra",le="0.01"} ${fast}
fleetwire_edge_ack_latency_seconds_bucket{protocol="astra",le="0.02"} ${all}
fleetwire_edge_ack_latency_seconds_bucket{protocol="astra",le="+Inf"} ${all}
fleetwire_edge_ack_latency_seconds_count{protocol="astra"} ${all}
`;
const REST = `fleetwire_reports_decoded_total{protocol="astra",kind="report"} 1180
fleetwire_reports_decoded_total{protocol="astra",kind="presence"} 7
fleetwire_reports_enriched_total{outcome="enriched"} 1100
fleetwire_reports_enriched_total{outcome="late"} 20
fleetwire_reports_enriched_total{outcome="duplicate"} 5
fleetwire_dlq_records_total{stage="edge",reason="noise"} 1
fleetwire_decode_rejections_total{protocol="astra",reason="truncated"} 2
`;

describe('the line of figures', () => {
  it('adds up what the services say', () => {
    const before = totalsOf(parseSamples(EDGE(1000, 500, 500)));
    const after = totalsOf(parseSamples(EDGE(1080, 550, 600) + REST));
    expect(figureLine(before, after, 2)).toBe(
      '42 connections · 40.0 frames/s · acked 600 · decoded 1,180 · enriched 1,120 · ack p50 10 ms p99 20 ms · dead letters 3',
    );
  });

  it('shows no latency when nothing was acknowledged meanwhile', () => {
    const same = totalsOf(parseSamples(EDGE(1000, 500, 500)));
    expect(figureLine(same, same, 1)).toContain('0.0 frames/s · acked 500 · decoded 0 · enriched 0 · ack p50 – p99 –');
  });

  it('does not go below nothing when a service has begun again', () => {
    const before = totalsOf(parseSamples(EDGE(1000, 500, 500)));
    const after = totalsOf(parseSamples(EDGE(10, 5, 5)));
    expect(figureLine(before, after, 1)).toContain('0.0 frames/s');
  });
});

describe('a quantile of a histogram', () => {
  const none = new Map<number, number>();
  it('lies within its bucket, by share', () => {
    const after = new Map([
      [0.01, 50],
      [0.02, 100],
      [Infinity, 100],
    ]);
    expect(quantile(none, after, 0.75)).toBeCloseTo(0.015);
    expect(quantile(none, after, 0.25)).toBeCloseTo(0.005);
  });

  it('beyond the last bound is that bound', () => {
    const after = new Map([
      [0.01, 0],
      [Infinity, 10],
    ]);
    expect(quantile(none, after, 0.5)).toBe(0.01);
  });

  it('of nothing is null', () => {
    expect(quantile(none, none, 0.5)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { LATENCY_BUCKETS_SECONDS, Metrics, SERIES_MAX, metricTable } from './metrics.js';

const bare = (): Metrics => new Metrics('sampler', { process: false });

describe('exposition', () => {
  it('shows the trace of an observation as an example in OpenMetrics alone, and is the same text before and after', async () => {
    const metrics = new Metrics('sampler', { process: false, exemplars: true });
    metrics.counter({ name: 'fleetwire_frames_total', help: 'frames' }).of({}).inc(2);
    const seconds = metrics.histogram({ name: 'fleetwire_ack_seconds', help: 'time', buckets: [1, 2] });
    seconds.of({}).observe(0.5, '4bf92f3577b34da6a3ce929d0e0e4736');
    seconds.of({}).observe(1.5);
    const plain = await metrics.exposition(false);
    const open = await metrics.exposition(true);
    expect(plain.text).toContain('# TYPE fleetwire_frames_total counter');
    expect(plain.text).not.toContain('trace_id');
    expect(open.contentType).toContain('openmetrics');
    expect(open.text).toContain('fleetwire_frames_total{app="sampler"} 2');
    expect(open.text).toMatch(
      /fleetwire_ack_seconds_bucket\{le="1",app="sampler"\} 1 # \{trace_id="4bf92f3577b34da6a3ce929d0e0e4736"\} 0\.5/,
    );
    expect(open.text.match(/trace_id/g)).toHaveLength(1);
    expect((await metrics.exposition(false)).text).toBe(plain.text);
  });

  it('is the format of Prometheus for everybody when no exemplars are kept', async () => {
    const metrics = new Metrics('sampler', { process: false });
    expect((await metrics.exposition(true)).contentType).toContain('text/plain');
  });
});

describe('Metrics', () => {
  it('exposes every label set at 0 before anything happened', async () => {
    const metrics = bare();
    metrics.counter({
      name: 'fleetwire_frames_total',
      help: 'frames',
      labels: { protocol: ['a', 'b'], result: ['ok', 'bad'] },
    });
    const text = await metrics.expose();
    for (const set of [
      'protocol="a",result="ok"',
      'protocol="a",result="bad"',
      'protocol="b",result="ok"',
      'protocol="b",result="bad"',
    ])
      expect(text).toContain(`fleetwire_frames_total{${set},app="sampler"} 0`);
  });

  it('adds up on handles and shows the sum at each scrape', async () => {
    const metrics = bare();
    const frames = metrics.counter({ name: 'fleetwire_frames_total', help: 'frames', labels: { result: ['ok'] } });
    const ok = frames.of({ result: 'ok' });
    ok.inc();
    ok.inc(4);
    expect(ok.value).toBe(5);
    await metrics.expose();
    expect(await metrics.expose()).toContain('fleetwire_frames_total{result="ok",app="sampler"} 5');
  });

  it('asks a gauge for its value when it is scraped', async () => {
    const metrics = bare();
    let level = 1;
    metrics.gauge({ name: 'fleetwire_level_bytes', help: 'level', collect: (series) => (series.of({}).value = level) });
    level = 7;
    expect(await metrics.expose()).toContain('fleetwire_level_bytes{app="sampler"} 7');
  });

  it('observes into buckets that hold the objectives of 60 ms and 1 s', async () => {
    expect(LATENCY_BUCKETS_SECONDS).toContain(0.06);
    expect(LATENCY_BUCKETS_SECONDS).toContain(1);
    const metrics = bare();
    const latency = metrics.histogram({ name: 'fleetwire_ack_seconds', help: 'latency', labels: { protocol: ['a'] } });
    expect(await metrics.expose()).toContain('fleetwire_ack_seconds_count{app="sampler",protocol="a"} 0');
    latency.of({ protocol: 'a' }).observe(0.055);
    const text = await metrics.expose();
    expect(text).toContain('fleetwire_ack_seconds_bucket{le="0.05",app="sampler",protocol="a"} 0');
    expect(text).toContain('fleetwire_ack_seconds_bucket{le="0.06",app="sampler",protocol="a"} 1');
  });

  it('counts label sets beyond the bound into one series named other', () => {
    const metrics = bare();
    const records = metrics.counter({ name: 'fleetwire_records_total', help: 'records', labels: { topic: null } });
    for (let i = 0; i < SERIES_MAX + 10; i++) records.of({ topic: `t${i}` }).inc();
    expect(records.all().length).toBe(SERIES_MAX + 1);
    expect(records.all().find(({ labels }) => labels['topic'] === 'other')?.handle.value).toBe(10);
  });

  it('refuses names that break the rules', () => {
    const metrics = bare();
    expect(() => metrics.counter({ name: 'fleetwire_frames', help: '' })).toThrow('must end in _total');
    expect(() => metrics.gauge({ name: 'frames', help: '' })).toThrow('begin with fleetwire_');
  });

  it('gives the table that a README repeats', () => {
    const metrics = bare();
    metrics.gauge({ name: 'fleetwire_level_bytes', help: 'level', labels: { side: ['l', 'r'] } });
    expect(metricTable(metrics.rows)).toContain('| `fleetwire_level_bytes` | gauge | `side` | level |');
  });
});

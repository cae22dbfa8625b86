/** What devices get wrong: named in quality, kept out of trips and events, never dropped. */
import { describe, expect, it } from 'vitest';
import { Codec, type Telemetry } from '@fleetwire/schemas';
import { PAST_MAX_US } from './enrich.js';
import { DeviceBook, GroupBook } from './devices.js';
import { FenceBook } from './geofence/book.js';
import { TaskRun } from './scripted/run.js';
import { PLAIN_DEVICE, reportAt, TestDevice } from './testing.js';

const codec = Codec.local();
const METRE = 1 / 111_195;

/** What is published of batches: quality by seconds after the first report, and the trips. */
function run(batches: readonly (readonly Telemetry[])[]): {
  readonly quality: Map<string, readonly string[]>;
  readonly texts: string;
} {
  const quality = new Map<string, readonly string[]>();
  const task = new TaskRun({ devices: [], groups: [], fences: [] }, ({ topic, value }) => {
    if (topic !== 'telemetry-enriched' || value === null) return;
    const report = codec.decode(topic, value);
    quality.set(report.message_id, report.quality);
  });
  task.deliver(batches, null);
  task.finish();
  return { quality, texts: [...task.finals().values()].join('\n') };
}
/** Parked, each 30 s. */
const parked = (count: number): Telemetry[] =>
  Array.from({ length: count }, (_, i) =>
    reportAt(i * 30, { position_latitude: 50 + (i % 3) * METRE, position_longitude: 8, position_speed: 0 }),
  );

describe('what a device gets wrong', () => {
  it.each([
    ['zero_island', { position_latitude: 0, position_longitude: 0 }],
    ['speed_implausible', { position_speed: 600 }],
    ['position_jump', { position_latitude: 53 }],
    ['clock_suspect', { timestamp: reportAt(9000).timestamp }],
    ['clock_suspect', { timestamp: reportAt(0).timestamp - PAST_MAX_US - 1e9 }],
  ] as const)('is named %s, and makes no trip and no event (%j)', (reason, over) => {
    const plain = parked(60);
    const reports = plain.map((report, i) => (i === 20 ? { ...report, ...over } : report));
    const { quality, texts } = run(reports.map((report) => [report]));
    expect(quality.get(reports[20]!.message_id)).toEqual([reason]);
    expect(quality.size).toBe(60);
    expect([...quality.values()].flat().filter((found) => found !== 'position_jump')).toEqual(
      reason === 'position_jump' ? [] : [reason],
    );
    expect(texts).not.toMatch(/"kind":"trip"|"type":"(overspeed|moving|harsh)/);
  });

  it('is named for a report that came late too, beside what the decoder found', () => {
    const reports = parked(20).map((report, i) =>
      i === 10 ? { ...report, position_latitude: 53, quality: ['value_out_of_range'] } : report,
    );
    const late = reports[10]!;
    const { quality } = run([reports.filter((report) => report !== late), [late]]);
    expect(quality.get(late.message_id)).toEqual(['value_out_of_range', 'position_jump']);
  });

  it('is a frozen fix that would drive for ever: its trip ends with the last fix that changed', () => {
    const drive = Array.from({ length: 200 }, (_, i) =>
      reportAt(i * 30, {
        position_latitude: 50 + Math.min(i, 40) * 420 * METRE,
        position_longitude: 8,
        position_speed: 50,
      }),
    );
    const { quality, texts } = run(drive.map((report) => [report]));
    expect([...quality.values()].filter((reasons) => reasons.includes('fix_frozen'))).toHaveLength(159);
    const trips = texts.split('\n').filter((text) => text.includes('"kind":"trip"'));
    expect(trips).toHaveLength(1);
    expect(trips[0]).toContain(`"ended_at":${reportAt(40 * 30).timestamp}`);
  });
});

describe('a change of limits', () => {
  it('leaves nothing open that is folded again without it', () => {
    const book = new DeviceBook(new GroupBook(), new FenceBook());
    book.put('device', { ...PLAIN_DEVICE, thresholds: { trip_start_m: 100, trip_start_s: 30 } });
    const device = new TestDevice(() => book.profile('device'));
    const drive = Array.from({ length: 12 }, (_, i) =>
      reportAt(i * 30, { position_latitude: 50 + i * 300 * METRE, position_longitude: 8, position_speed: 36 }),
    );
    for (const report of drive) if (report !== drive[3]) device.batch([report]);
    expect(device.trips('trip')).toHaveLength(1);
    book.put('device', { ...PLAIN_DEVICE, thresholds: { trip_start_m: 1e6, trip_start_s: 1e6 } });
    device.batch([drive[3]!]);
    expect(device.trips('trip')).toEqual([]);
    const taken = device.published.filter(({ body, topic }) => topic === 'trips' && body.retracted === true);
    expect(taken.length).toBeGreaterThan(0);
  });
});

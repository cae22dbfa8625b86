import { describe, expect, it } from 'vitest';
import { h02 } from '../h02/index.js';
import type { Transport } from '../protocol.js';
import { latin1Bytes } from '../wire/writer.js';
import { Drive } from './drive.js';
import { H02Device } from './h02-device.js';
import { identOf } from './idents.js';
import { TestServer } from './test-server.js';
import { Tracker } from './tracker.js';

const START_MS = Date.UTC(2027, 0, 4, 7);
const ident = identOf('h02', 1, 7);
const newDrive = (): Drive => new Drive({ seed: 5, startMs: START_MS, latitude: -33.9, longitude: -70.6 });

function device(form: 'text' | 'binary', transport: Transport = 'tcp'): Tracker {
  return new Tracker({ ident, drive: newDrive(), dialect: new H02Device({ ident, transport, form }) });
}

describe('a simulated H02 tracker', () => {
  it.each([
    ['text', 'tcp'],
    ['binary', 'tcp'],
    ['text', 'udp'],
    ['binary', 'udp'],
  ] as const)('says in %s over %s what its instruments say, each reading once', (form, transport) => {
    const tracker = device(form, transport);
    const twin = newDrive();
    const server = new TestServer(h02, transport);
    tracker.onConnect(START_MS);
    for (let at = START_MS; at < START_MS + 3_600_000; at += 10_000) {
      let writes = tracker.report(at);
      while (writes.length > 0) writes = server.take(writes, at).flatMap((reply) => tracker.onBytes(reply, at).writes);
    }
    expect(server.rejected).toEqual([]);
    expect(server.reports).toHaveLength(360);
    expect(tracker.unconfirmedCount).toBe(0);
    server.reports.forEach((report, index) => {
      const reading = twin.read(START_MS + index * 10_000);
      expect(report.ident).toBe(ident);
      expect(report.timestamp).toBe(reading.timeMs * 1_000);
      expect(report.position_latitude).toBeCloseTo(reading.latitude, 5);
      expect(report.position_longitude).toBeCloseTo(reading.longitude, 5);
      expect(Math.abs(report.position_speed! - reading.speed)).toBeLessThanOrEqual(1);
      expect(report.engine_ignition_status).toBe(reading.ignition);
      expect(report.message_type).toBe(form === 'binary' ? '$' : index === 0 ? 'V6' : 'V1');
      if (form === 'binary') expect(report.vehicle_mileage).toBe(Math.floor(reading.odometer));
    });
    expect(new Set(server.reports.map((report) => report.message_id)).size).toBe(360);
  });

  it.each(['text', 'binary'] as const)(
    'repeats a lost datagram (%s) as stored, with the identity that it had',
    (form) => {
      const tracker = device(form, 'udp');
      const server = new TestServer(h02, 'udp');
      tracker.onConnect(START_MS);
      server.take(tracker.report(START_MS), START_MS);
      expect(tracker.report(START_MS + 1_000)).toEqual([]); // one datagram at a time
      const { writes, reconnect } = tracker.onTimeout(tracker.timeoutAtMs!);
      expect(reconnect).toBe(false);
      server.take(writes, START_MS + 20_000);
      expect(server.reports.map((report) => report.message_buffered_status)).toEqual([false, true]);
      expect(server.reports[1]!.message_id).toBe(server.reports[0]!.message_id);
    },
  );

  it('dials again when a TCP server is silent, and sends everything again in order', () => {
    const tracker = device('text');
    const server = new TestServer(h02, 'tcp');
    tracker.onConnect(START_MS);
    for (let i = 0; i < 3; i++) tracker.report(START_MS + i * 1_000);
    expect(tracker.onTimeout(tracker.timeoutAtMs!)).toEqual({ writes: [], ackMs: [], reconnect: true });
    tracker.onDisconnect();
    const again = tracker.onConnect(START_MS + 30_000);
    for (const reply of server.take(again, START_MS + 30_000)) tracker.onBytes(reply, START_MS + 30_000);
    expect(server.reports.map((report) => report.timestamp)).toEqual(
      [0, 1, 2].map((i) => (START_MS + i * 1_000) * 1_000),
    );
    expect(tracker.counts).toMatchObject({ framesSent: 3, framesResent: 3, framesConfirmed: 3 });
  });

  it('confirms commands with its position and their time, and keeps silent to other devices', () => {
    const tracker = device('text');
    const server = new TestServer(h02, 'tcp');
    tracker.onConnect(START_MS);
    for (const reply of server.take(tracker.report(START_MS), START_MS)) tracker.onBytes(reply, START_MS);
    const stop = server.command('engine_stop', {}, START_MS);
    const mileage = server.command('mileage_query', {}, START_MS + 5_000);
    const answers = [...tracker.onBytes(stop, START_MS).writes, ...tracker.onBytes(mileage, START_MS).writes];
    server.take([...answers, ...tracker.report(START_MS + 10_000)], START_MS + 10_000);
    expect(server.responses.map(({ command, outcome }) => [command, outcome])).toEqual([
      ['S20', 'ok'],
      ['S32', expect.stringMatching(/ok|value/)],
    ]);
    expect(server.reports.at(-1)!.engine_blocked_status).toBe(true);
    expect(tracker.counts.commandsAnswered).toBe(2);
    expect(tracker.onBytes(latin1Bytes('*HQ,1111111111,S20,120000,1,1#'), START_MS).writes).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { jt808 } from '../jt808/index.js';
import type { Transport } from '../protocol.js';
import { Drive } from './drive.js';
import { identOf } from './idents.js';
import { Jt808Device } from './jt808-device.js';
import { TestServer } from './test-server.js';
import { Tracker } from './tracker.js';

const START_MS = Date.UTC(2027, 0, 4, 7);
const ident = identOf('jt808', 1, 7);
const newDrive = (): Drive => new Drive({ seed: 5, startMs: START_MS, latitude: -33.9, longitude: -70.6 });
const device = (edition: 2013 | 2019 = 2013): Tracker =>
  new Tracker({ ident, drive: newDrive(), dialect: new Jt808Device({ ident, edition }) });

/** Lets the two talk until both are silent. */
function talk(server: TestServer, tracker: Tracker, writes: readonly Uint8Array[], nowMs: number): void {
  for (let round = 0; writes.length > 0 && round < 50; round++)
    writes = server.take(writes, nowMs).flatMap((reply) => tracker.onBytes(reply, nowMs).writes);
}

describe('a simulated JT808 tracker', () => {
  it('registers once, authenticates on every connection, and reports only then', () => {
    const tracker = device();
    const server = new TestServer(jt808, 'tcp');
    const hello = tracker.onConnect(START_MS);
    expect(tracker.report(START_MS)).toEqual([]);
    const [registered] = server.take(hello, START_MS);
    const { writes } = tracker.onBytes(registered!, START_MS);
    expect(writes).toHaveLength(1); // the authentication, no report yet
    expect(server.reports).toEqual([]);
    talk(server, tracker, writes, START_MS);
    expect(server.reports).toHaveLength(1);
    tracker.onDisconnect();
    server.reopen();
    const [again] = tracker.onConnect(START_MS);
    expect([...again!.subarray(1, 3)]).toEqual([0x01, 0x02]);
  });

  it.each([
    [2013, 'tcp'],
    [2019, 'tcp'],
    [2013, 'udp'],
  ] as const)('says (%i, %s) what its instruments say, each reading once', (edition, transport: Transport) => {
    const tracker = device(edition);
    const twin = newDrive();
    const server = new TestServer(jt808, transport);
    talk(server, tracker, tracker.onConnect(START_MS), START_MS);
    for (let at = START_MS; at < START_MS + 3_600_000; at += 10_000) talk(server, tracker, tracker.report(at), at);
    expect(server.rejected).toEqual([]);
    expect(server.reports).toHaveLength(360);
    expect(tracker.unconfirmedCount).toBe(0);
    server.reports.forEach((report, index) => {
      const reading = twin.read(START_MS + index * 10_000);
      expect(report.ident).toBe(ident);
      expect(report.timestamp).toBe(reading.timeMs * 1_000);
      expect(report.position_latitude).toBeCloseTo(reading.latitude, 5);
      expect(report.position_longitude).toBeCloseTo(reading.longitude, 5);
      expect(report.position_speed).toBeCloseTo(reading.speed, 0);
      expect(report.position_altitude).toBe(reading.altitude);
      expect(report.engine_ignition_status).toBe(reading.ignition);
      expect(report.vehicle_mileage).toBeCloseTo(reading.odometer, 0);
    });
    expect(new Set(server.reports.map((report) => report.message_id)).size).toBe(360);
  });

  it('keeps several frames out, and an acknowledgement confirms the frame that it names', () => {
    const tracker = device();
    const server = new TestServer(jt808, 'tcp');
    talk(server, tracker, tracker.onConnect(START_MS), START_MS);
    const frames = [0, 1, 2].flatMap((i) => tracker.report(START_MS + i * 1_000));
    expect(frames).toHaveLength(3);
    const replies = server.take(frames, START_MS + 2_000);
    expect(tracker.onBytes(replies[2]!, START_MS + 3_000).ackMs).toEqual([1_000]);
    expect(tracker.onBytes(replies[0]!, START_MS + 3_000).ackMs).toEqual([3_000]);
    expect(tracker.unconfirmedCount).toBe(1);
    tracker.onBytes(replies[0]!, START_MS + 3_000);
    expect(tracker.counts.strays).toBe(1);
  });

  it('sends a lost reading again in a batch of stored ones, with the identity that it had', () => {
    const tracker = device();
    const server = new TestServer(jt808, 'udp');
    talk(server, tracker, tracker.onConnect(START_MS), START_MS);
    server.take(tracker.report(START_MS), START_MS);
    server.take(tracker.report(START_MS + 1_000), START_MS); // both acknowledgements are lost
    talk(server, tracker, tracker.onTimeout(tracker.timeoutAtMs!).writes, START_MS + 10_000);
    const [first, second, ...again] = server.reports;
    expect(again.map((report) => report.message_id)).toEqual([first!.message_id, second!.message_id]);
    expect(again.map((report) => report.message_buffered_status)).toEqual([true, true]);
    expect(tracker.counts).toMatchObject({ framesSent: 2, framesResent: 1, framesConfirmed: 1, readingsConfirmed: 2 });
  });

  it('carries out commands and answers with their serial, cut anywhere', () => {
    const tracker = device();
    const server = new TestServer(jt808, 'tcp');
    talk(server, tracker, tracker.onConnect(START_MS), START_MS);
    const commands = [
      server.command('interval', { cycle_time: 45 }, START_MS),
      server.command('query_parameters', { ids: ['0x0029'] }, START_MS),
      server.command('location_query', {}, START_MS),
      server.command('text', { flag: 1, text: 'hello' }, START_MS),
    ];
    const writes = commands
      .flatMap((command) => [...command])
      .flatMap((byte) => tracker.onBytes(Uint8Array.of(byte), START_MS).writes);
    server.take(writes, START_MS);
    expect(server.rejected).toEqual([]);
    expect(tracker.counts.commandsAnswered).toBe(4);
    expect(server.responses).toHaveLength(4);
    expect(JSON.stringify(server.responses[1])).toContain('45');
    expect(server.reports).toHaveLength(1); // the answer to the query carries a position
  });
});

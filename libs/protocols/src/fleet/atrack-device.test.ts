import { describe, expect, it } from 'vitest';
import { atrack } from '../atrack/index.js';
import { AtrackDevice } from './atrack-device.js';
import { Drive } from './drive.js';
import { identOf } from './idents.js';
import { TestServer } from './test-server.js';
import { Tracker } from './tracker.js';

const START_MS = Date.UTC(2027, 0, 4, 7);
const ident = identOf('atrack', 1, 7);
const newDrive = (): Drive => new Drive({ seed: 5, startMs: START_MS, latitude: -33.9, longitude: -70.6 });
const device = (form: 'binary' | 'ascii' = 'binary'): Tracker =>
  new Tracker({ ident, drive: newDrive(), dialect: new AtrackDevice({ ident, form }) });

function talk(server: TestServer, tracker: Tracker, writes: readonly Uint8Array[], nowMs: number): void {
  for (let round = 0; writes.length > 0 && round < 50; round++)
    writes = server.take(writes, nowMs).flatMap((reply) => tracker.onBytes(reply, nowMs).writes);
}

describe('a simulated ATrack tracker', () => {
  it('names itself by a keep-alive, whose echo confirms no report', () => {
    const tracker = device();
    const server = new TestServer(atrack, 'tcp');
    const replies = server.take(tracker.onConnect(START_MS), START_MS);
    tracker.report(START_MS);
    expect(server.ident).toBe(ident);
    expect(tracker.onBytes(replies[0]!, START_MS).ackMs).toEqual([]);
    expect(tracker.counts).toMatchObject({ framesConfirmed: 0, strays: 0 });
  });

  it.each([
    ['binary', 'tcp'],
    ['ascii', 'tcp'],
    ['binary', 'udp'],
  ] as const)('says in %s over %s what its instruments say, each reading once', (form, transport) => {
    const tracker = device(form);
    const twin = newDrive();
    const server = new TestServer(atrack, transport);
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
      expect(report.position_speed).toBe(Math.round(reading.speed));
      expect(report.engine_ignition_status).toBe(reading.ignition);
      expect(report.movement_status).toBe(reading.moving);
      expect(report.position_satellites).toBe(reading.satellites);
      expect(report.vehicle_mileage).toBeCloseTo(reading.odometer, 0);
      expect(report.external_powersource_voltage).toBeCloseTo(reading.externalVolts, 0);
    });
    expect(new Set(server.reports.map((report) => report.message_id)).size).toBe(360);
  });

  it.each(['binary', 'ascii'] as const)(
    'repeats an unacknowledged frame (%s) as buffered, with its identity',
    (form) => {
      const tracker = device(form);
      const server = new TestServer(atrack, 'udp');
      talk(server, tracker, tracker.onConnect(START_MS), START_MS);
      const [late] = server.take(tracker.report(START_MS), START_MS);
      expect(tracker.report(START_MS + 1_000)).toEqual([]); // waits
      const [reply] = server.take(tracker.onTimeout(tracker.timeoutAtMs!).writes, START_MS + 10_000);
      expect(server.reports[1]!.message_id).toBe(server.reports[0]!.message_id);
      expect(server.reports.map((report) => report.message_buffered_status)).toEqual([false, true, false]);
      // The acknowledgement of the first sending comes late: it names a frame that is not out any more.
      expect(tracker.onBytes(late!, START_MS + 10_001).ackMs).toEqual([]);
      expect(tracker.onBytes(reply!, START_MS + 10_002).ackMs).toHaveLength(1);
      expect(tracker.counts).toMatchObject({ strays: 1, readingsConfirmed: 2 });
      expect(tracker.unconfirmedCount).toBe(0);
    },
  );

  it('packs what gathered offline into frames of several records', () => {
    const tracker = device();
    const server = new TestServer(atrack, 'tcp');
    for (let i = 0; i < 25; i++) tracker.report(START_MS + i * 1_000);
    talk(server, tracker, tracker.onConnect(START_MS + 30_000), START_MS + 30_000);
    expect(server.reports.map((report) => report.timestamp)).toEqual(
      Array.from({ length: 25 }, (_, i) => (START_MS + i * 1_000) * 1_000),
    );
    expect(tracker.counts).toMatchObject({ framesSent: 3, framesConfirmed: 3, readingsConfirmed: 25 });
  });

  it('answers commands with their tag, cut anywhere between acknowledgements', () => {
    const tracker = device();
    const server = new TestServer(atrack, 'tcp');
    talk(server, tracker, tracker.onConnect(START_MS), START_MS);
    const acks = server.take(tracker.report(START_MS), START_MS);
    const bytes = [
      ...server.command('custom', { text: 'AT$FORM=?' }, START_MS),
      ...acks[0]!,
      ...server.command('custom', { text: 'AT$OUTC=2,1,30,20,4' }, START_MS),
      ...server.command('custom', { text: 'AT$NOSUCH=1' }, START_MS),
    ];
    const writes = bytes.flatMap((byte) => tracker.onBytes(Uint8Array.of(byte), START_MS).writes);
    server.take([...writes, ...tracker.report(START_MS + 1_000)], START_MS + 1_000);
    expect(server.responses.map(({ outcome }) => outcome)).toEqual(['value', 'ok', 'error']);
    expect(server.reports.at(-1)!.dout).toBe(4);
    expect(tracker.counts).toMatchObject({ framesConfirmed: 1, commandsAnswered: 3 });
  });
});

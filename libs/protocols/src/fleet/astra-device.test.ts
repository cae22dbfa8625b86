import { describe, expect, it } from 'vitest';
import { astra } from '../astra/index.js';
import type { Transport } from '../protocol.js';
import { latin1Bytes } from '../wire/writer.js';
import { AstraDevice } from './astra-device.js';
import { Drive } from './drive.js';
import { identOf } from './idents.js';
import { TestServer } from './test-server.js';
import { Tracker } from './tracker.js';

const START_MS = Date.UTC(2027, 0, 4, 7);
const ident = identOf('astra', 1, 7);
const newDrive = (): Drive => new Drive({ seed: 5, startMs: START_MS, latitude: -33.9, longitude: -70.6 });
const ACK = Uint8Array.of(6);

function device(transport: Transport = 'tcp', login = true, window?: number): Tracker {
  const dialect = new AstraDevice({ ident, transport, login });
  return new Tracker({ ident, drive: newDrive(), dialect, ...(window !== undefined && { window }) });
}

describe('a simulated Astra tracker', () => {
  it('logs in, and sends nothing else before the login is acknowledged', () => {
    const tracker = device();
    const server = new TestServer(astra, 'tcp');
    const hello = tracker.onConnect(START_MS);
    expect(hello).toHaveLength(1);
    expect(tracker.report(START_MS)).toEqual([]);
    const replies = server.take(hello, START_MS);
    expect(replies).toEqual([ACK]);
    expect(server.ident).toBe(ident);
    const { writes, ackMs } = tracker.onBytes(replies[0]!, START_MS + 5);
    expect(ackMs).toEqual([]);
    expect(writes).toHaveLength(1);
    expect(tracker.counts.framesSent).toBe(1);
  });

  it.each([
    ['tcp', true],
    ['tcp', false],
    ['udp', true],
  ] as const)('says over %s (login: %s) what its instruments say, each reading once', (transport, login) => {
    const tracker = device(transport, login);
    const twin = newDrive();
    const server = new TestServer(astra, transport);
    let writes = tracker.onConnect(START_MS);
    for (let at = START_MS; at < START_MS + 3_600_000; at += 10_000) {
      writes = [...writes, ...tracker.report(at)];
      for (let round = 0; writes.length > 0 && round < 9; round++)
        writes = server.take(writes, at).flatMap((reply) => tracker.onBytes(reply, at).writes);
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
      expect(Math.abs(report.position_speed! - reading.speed)).toBeLessThanOrEqual(2);
      expect(Math.abs(report.position_direction! - reading.direction)).toBeLessThanOrEqual(2);
      expect(report.engine_ignition_status).toBe(reading.ignition);
      expect(Math.abs(report.external_powersource_voltage! - reading.externalVolts)).toBeLessThanOrEqual(0.2);
      expect(report.message_buffered_status).toBe(false);
      expect(report.gsm_signal_dbm).toBeLessThan(-40);
      expect(report.record_seqnum).toBe(index & 0xff);
    });
    expect(new Set(server.reports.map((report) => report.message_id)).size).toBe(360);
  });

  it('sends again after its time-out, marked as stored, with the identity that the report had', () => {
    const tracker = device('udp');
    const server = new TestServer(astra, 'udp');
    server.take(tracker.onConnect(START_MS), START_MS);
    server.take(tracker.report(START_MS), START_MS); // the acknowledgement is lost
    const dueAt = tracker.timeoutAtMs!;
    expect(dueAt).toBe(START_MS + 20_000);
    const [reply] = server.take(tracker.onTimeout(dueAt).writes, dueAt);
    expect(server.reports.map((report) => report.message_buffered_status)).toEqual([false, true]);
    expect(server.reports[1]!.message_id).toBe(server.reports[0]!.message_id);
    expect(tracker.onBytes(reply!, dueAt + 8).ackMs).toEqual([8]);
    expect(tracker.counts).toMatchObject({ framesSent: 1, framesResent: 1, framesConfirmed: 1, readingsConfirmed: 1 });
    expect(tracker.timeoutAtMs).toBeNull();
  });

  it('takes one acknowledgement as that of the oldest packet, and a surplus one as stray', () => {
    const tracker = device('tcp', false, 3);
    tracker.onConnect(START_MS);
    for (let i = 0; i < 3; i++) tracker.report(START_MS + i * 1_000);
    expect(tracker.counts.framesSent).toBe(3);
    expect(tracker.onBytes(Uint8Array.of(6, 6), START_MS + 3_000).ackMs).toEqual([3_000, 2_000]);
    expect(tracker.unconfirmedCount).toBe(1);
    tracker.onBytes(Uint8Array.of(6, 6), START_MS + 3_000);
    expect(tracker.counts).toMatchObject({ framesConfirmed: 3, strays: 1 });
  });

  it('keeps what it reads offline, and sends it in packets of several, marked as stored, in order', () => {
    const tracker = device('tcp', false);
    const server = new TestServer(astra, 'tcp');
    tracker.onConnect(START_MS);
    tracker.onDisconnect();
    for (let i = 0; i < 30; i++) expect(tracker.report(START_MS + i * 1_000)).toEqual([]);
    let writes = tracker.onConnect(START_MS + 60_000);
    let packets = 0;
    while (writes.length > 0) {
      packets += writes.length;
      writes = server
        .take(writes, START_MS + 60_000)
        .flatMap((reply) => tracker.onBytes(reply, START_MS + 60_100).writes);
    }
    expect(packets).toBe(3);
    expect(server.reports.map((report) => report.timestamp)).toEqual(
      Array.from({ length: 30 }, (_, i) => (START_MS + i * 1_000) * 1_000),
    );
    expect(server.reports.every((report) => report.message_buffered_status === true)).toBe(true);
    expect(tracker.unconfirmedCount).toBe(0);
  });

  it('gives the connection up after three time-outs in a row', () => {
    const tracker = device('tcp', false);
    tracker.onConnect(START_MS);
    tracker.report(START_MS);
    const reactions = [1, 2, 3].map(() => tracker.onTimeout(tracker.timeoutAtMs!));
    expect(reactions.map((reaction) => reaction.reconnect)).toEqual([false, false, true]);
  });

  it('answers commands, cut anywhere, and obeys the immobiliser', () => {
    const server = new TestServer(astra, 'tcp');
    const tracker = device();
    for (const reply of server.take(tracker.onConnect(START_MS), START_MS)) tracker.onBytes(reply, START_MS);
    const commands = [
      server.command('immobilise', { mode: 3 }, START_MS),
      server.command('custom', { payload: '$IMEI' }, START_MS),
      server.command('custom', { payload: '$NOSU,1' }, START_MS),
      server.command('custom', { payload: '$IMOB,9' }, START_MS),
    ];
    const bytes = commands.flatMap((command) => [...command]);
    const writes = bytes.flatMap((byte) => tracker.onBytes(Uint8Array.of(byte), START_MS).writes);
    for (const reply of server.take([...writes, ...tracker.report(START_MS)], START_MS))
      tracker.onBytes(reply, START_MS);
    expect(server.responses.map(({ command, outcome }) => [command, outcome])).toEqual([
      ['IMOB', 'ok'],
      ['IMEI', 'value'],
      ['NOSU', 'error'],
      ['IMOB', 'error'],
    ]);
    expect(server.reports[0]!.engine_blocked_status).toBe(true);
    expect(tracker.counts.commandsAnswered).toBe(4);
  });

  it('answers a poll with a report on demand', () => {
    const server = new TestServer(astra, 'udp');
    const tracker = device('udp');
    tracker.onConnect(START_MS);
    const { writes } = tracker.onBytes(latin1Bytes('$POLL\r\n'), START_MS);
    server.take(writes, START_MS);
    expect(server.reports[0]!.report_reasons).toEqual(['position_on_demand']);
  });
});

/** The layouts of impact packets; the wait for them is tested in accept.test.ts. */
import { describe, expect, it } from 'vitest';
import { reportToFlat } from '../catalogue/flat.js';
import { asciiFrame, binaryFrame } from './simulate.js';
import { UNIT, bytesOf, decodeFrame, recordOf } from './testing.js';

const WAITING = { waiting: 'impact_data' };
const binary = (tail: Uint8Array): Uint8Array =>
  binaryFrame({ unitId: UNIT, sequence: 1, records: [recordOf({ reason: 14, tail })] });
const ascii = (tail: string): Uint8Array =>
  asciiFrame({ unitId: UNIT, sequence: 1, records: [recordOf({ reason: 14, tail: bytesOf(tail) })] });
const words = Uint8Array.from({ length: 300 }, (_, i) => [0x00, 0x0c, 0xff, 0xec, 0x03, 0xec][i % 6]!);
const SAMPLE = { x: 0.012, y: -0.02, z: 1.004 };

function packet(frame: Uint8Array, context: Record<string, string> = WAITING): Record<string, unknown> {
  const { reports } = decodeFrame(frame, {}, UNIT, context);
  return reportToFlat(reports[0]!);
}

describe('an impact packet', () => {
  it.each([
    ['301 bytes: id u8 and words', binary(bytesOf('\x03', words))],
    ['302 bytes: id u16 and words', binary(bytesOf('\0\x03', words))],
    ['ASCII with 600 hex digits', ascii(`3,${'000CFFEC03EC'.repeat(50)}`)],
    ['ASCII with 150 decimals', ascii(`3,${Array(50).fill('12,-20,1004').join(',')}`)],
  ])('of %s gives 50 samples in g', (_, frame) => {
    const message = packet(frame);
    expect(message['accelerometer.data.seqnum']).toBe(3);
    expect(message['acceleration.array']).toEqual(Array(50).fill(SAMPLE));
    expect(message).toMatchObject({ 'report.reason': 14, 'position.speed': 50 });
    expect(message['atrack.custom.raw']).toBeUndefined();
  });

  it('of 151 bytes has counts of a sixteenth of g', () => {
    const message = packet(binary(bytesOf('\x07', '\x10\xf0\x08'.repeat(50))));
    expect(message['acceleration.array']).toEqual(Array(50).fill({ x: 1, y: -1, z: 0.5 }));
  });

  it('counts from 1 when the connection says so', () => {
    const message = packet(binary(bytesOf('\x08', words)), { ...WAITING, impact_base: '1' });
    expect(message['accelerometer.data.seqnum']).toBe(7);
  });

  it('is an ordinary report of unknown format when nobody waits, or with another length or report id', () => {
    for (const [frame, context] of [
      [binary(bytesOf('\x03', words)), {}],
      [binary(bytesOf('\x03', words, 'xx')), WAITING],
      [ascii(`3,${'000CFFEC03EC'.repeat(49)}`), WAITING],
      [ascii(`3,${Array(49).fill('1,2,3').join(',')}`), WAITING],
    ] as const) {
      const message = packet(frame, context);
      expect(message['acceleration.array']).toBeUndefined();
      expect(message['atrack.custom.raw']).toBeDefined();
    }
    const other = binaryFrame({
      unitId: UNIT,
      sequence: 1,
      records: [recordOf({ reason: 2, tail: bytesOf('\x03', words) })],
    });
    expect(packet(other)['acceleration.array']).toBeUndefined();
  });
});

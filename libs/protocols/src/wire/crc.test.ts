import { describe, expect, it } from 'vitest';
import { CRC16_ARC, CRC16_MODBUS, crc16Arc, crc16Modbus, crc16Of, type Crc16Row } from './crc.js';
import { latin1Bytes } from './writer.js';

/** The definition, a bit at a time. */
function slow(row: Crc16Row, bytes: Uint8Array): number {
  let crc = row.initial;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ row.polynomial : crc >>> 1;
  }
  return crc;
}

describe('CRC-16', () => {
  it('gives the published check value of each row', () => {
    for (const row of [CRC16_MODBUS, CRC16_ARC]) {
      expect(crc16Of(row)(latin1Bytes('123456789'), 0, 9)).toBe(row.check);
    }
  });

  it('equals the definition for every length and start, odd or even', () => {
    const bytes = Uint8Array.from({ length: 67 }, (_, i) => (i * 73 + 11) & 0xff);
    for (let from = 0; from < 4; from++) {
      for (let to = from; to <= bytes.length; to++) {
        expect(crc16Modbus(bytes, from, to)).toBe(slow(CRC16_MODBUS, bytes.subarray(from, to)));
        expect(crc16Arc(bytes, from, to)).toBe(slow(CRC16_ARC, bytes.subarray(from, to)));
      }
    }
  });

  it('goes on from a value so far', () => {
    const bytes = latin1Bytes('123456789');
    expect(crc16Modbus(bytes, 4, 9, crc16Modbus(bytes, 0, 4))).toBe(0x4b37);
  });
});

/**
 * Astra packets as a device makes them, written for the harness alone: it shares no encoder, no checksum and no acknowledgement
 * parser with the product, so that a mistake there can not hide here. Mode 4/5: IMEI in each packet; modules 1 and 2.
 */

/** One report, as the device recorded it. */
export interface DeviceReport {
  /** Seconds since 1970. */
  readonly time: number;
  /** 0..255. */
  readonly sequence: number;
  /** Microdegrees. */
  readonly latitude: number;
  readonly longitude: number;
  /** km/h, even. */
  readonly speed: number;
}

const GPS_EPOCH = 315_964_800;
const REPORT_BYTES = 17 + 2 + 18;
const HEADER_BYTES = 11;

/** CRC-16 with reflected polynomial 0xA001 from 0xFFFF, bit by bit. */
function crc(bytes: Buffer): number {
  let value = 0xffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xa001 : value >>> 1;
  }
  return value;
}

/** One packet; `buffered` sets the status bit of stored reports. */
export function packet(imei: string, reports: readonly DeviceReport[], buffered: boolean): Buffer {
  const length = HEADER_BYTES + reports.length * REPORT_BYTES + 2;
  const out = Buffer.alloc(length);
  out.write('X', 0, 'latin1');
  out.writeUInt16BE(length, 1);
  out[3] = reports.length;
  out.writeUInt32BE(Number(imei.slice(0, 8)), 4);
  out.writeUIntBE(Number(imei.slice(8)), 8, 3);
  let at = HEADER_BYTES;
  for (const report of reports) {
    out[at] = report.sequence;
    out.writeUIntBE(0b11, at + 1, 6);
    out.writeUInt32BE(report.time - GPS_EPOCH, at + 7);
    out.writeUInt32BE(1, at + 11);
    out.writeUInt16BE(buffered ? 0x21 : 0x01, at + 15);
    out[at + 17] = 62;
    out[at + 18] = 90;
    out.writeUInt32BE(report.time - GPS_EPOCH, at + 19);
    out.writeInt32BE(report.latitude, at + 23);
    out.writeInt32BE(report.longitude, at + 27);
    out[at + 31] = report.speed / 2;
    out[at + 32] = report.speed / 2;
    out[at + 33] = 45;
    out[at + 34] = 10;
    out.writeUInt16BE(1234, at + 35);
    at += REPORT_BYTES;
  }
  out.writeUInt16BE(crc(out.subarray(0, at)), at);
  return out;
}

/** Which reports a packet of `packet` holds, as ledger keys: how the ledger reads raw-frames without the product's decoder. */
export function reportKeysOf(bytes: Buffer): readonly string[] {
  const imei = String(bytes.readUInt32BE(4)).padStart(8, '0') + String(bytes.readUIntBE(8, 3)).padStart(7, '0');
  return Array.from({ length: bytes[3]! }, (_, i) => {
    const at = HEADER_BYTES + i * REPORT_BYTES;
    return reportKey(imei, bytes.readUInt32BE(at + 7) + GPS_EPOCH, bytes[at]!);
  });
}

/** A report's name in the ledger. */
export function reportKey(imei: string, time: number, sequence: number): string {
  return `${imei}/${time}/${sequence}`;
}

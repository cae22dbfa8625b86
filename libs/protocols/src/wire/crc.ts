/**
 * Checksums as rows of parameters. A row is turned into a table and a closure once at load; both protocols that use a CRC-16
 * share the reflected polynomial 0xA001 (0x8005 read backwards) and differ in the initial value.
 */

export interface Crc16Row {
  readonly name: string;
  /** Reflected polynomial. */
  readonly polynomial: number;
  readonly initial: number;
  /** Value over the ASCII text `123456789`, as catalogues of CRCs list it. */
  readonly check: number;
}

/** Sum of bytes [from, to). To go on over a further stretch, pass the value so far as `start`. */
export type Crc16 = (bytes: Uint8Array, from: number, to: number, start?: number) => number;

export const CRC16_MODBUS: Crc16Row = { name: 'CRC-16/MODBUS', polynomial: 0xa001, initial: 0xffff, check: 0x4b37 };
export const CRC16_ARC: Crc16Row = { name: 'CRC-16/ARC', polynomial: 0xa001, initial: 0, check: 0xbb3d };

/** The 256 entries of a reflected CRC-16, followed by 256 that step over a further zero byte: two bytes a step. */
function tableOf(polynomial: number): Uint16Array {
  const table = new Uint16Array(512);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[i] = crc;
  }
  for (let i = 0; i < 256; i++) table[256 + i] = (table[i]! >>> 8) ^ table[table[i]! & 0xff]!;
  return table;
}

/** Makes the function of a row. Neither reads outside the bytes nor allocates. */
export function crc16Of(row: Crc16Row): Crc16 {
  const table = tableOf(row.polynomial);
  const initial = row.initial;
  return (bytes, from, to, start = initial) => {
    const end = Math.min(to, bytes.length);
    let crc = start;
    let i = from;
    for (; i + 1 < end; i += 2) {
      crc ^= bytes[i]! | (bytes[i + 1]! << 8);
      crc = table[256 + (crc & 0xff)]! ^ table[crc >>> 8]!;
    }
    if (i < end) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!;
    return crc;
  };
}

export const crc16Modbus: Crc16 = crc16Of(CRC16_MODBUS);
export const crc16Arc: Crc16 = crc16Of(CRC16_ARC);

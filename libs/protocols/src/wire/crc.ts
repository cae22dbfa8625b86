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

/** Bytes taken in one step. */
const STEP = 4;

/**
 * The 256 entries of a reflected CRC-16, and behind them for each further byte of a step the same 256 carried on over as many zero
 * bytes: entry `256 n + b` is what `b` adds to the sum when n bytes follow it.
 */
function tableOf(polynomial: number): Uint16Array {
  const table = new Uint16Array(256 * STEP);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[i] = crc;
  }
  for (let i = 256; i < table.length; i++) table[i] = (table[i - 256]! >>> 8) ^ table[table[i - 256]! & 0xff]!;
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
    for (; i + 3 < end; i += STEP) {
      crc =
        table[768 + ((crc ^ bytes[i]!) & 0xff)]! ^
        table[512 + ((crc >>> 8) ^ bytes[i + 1]!)]! ^
        table[256 + bytes[i + 2]!]! ^
        table[bytes[i + 3]!]!;
    }
    for (; i < end; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!;
    return crc;
  };
}

export const crc16Modbus: Crc16 = crc16Of(CRC16_MODBUS);
export const crc16Arc: Crc16 = crc16Of(CRC16_ARC);

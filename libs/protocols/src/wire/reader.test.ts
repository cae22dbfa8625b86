import { describe, expect, it } from 'vitest';
import { fromHex } from '../hex.js';
import { hex, i16, i32, i8, latin1, Reader, u16, u24, u32, u8 } from './reader.js';
import { latin1Bytes, Writer } from './writer.js';

describe('reader and writer', () => {
  const bytes = fromHex('80fffefd7f000102')!;

  it('reads each width with its sign', () => {
    expect([u8(bytes, 0), u16(bytes, 0), u24(bytes, 0), u32(bytes, 0)]).toEqual([0x80, 0x80ff, 0x80fffe, 0x80fffefd]);
    expect([i8(bytes, 0), i16(bytes, 0), i32(bytes, 0)]).toEqual([-128, -32513, -2130706691]);
    expect([i8(bytes, 4), i16(bytes, 4), i32(bytes, 4)]).toEqual([127, 0x7f00, 0x7f000102]);
  });

  it('gives 0 past the end and remembers that it was short', () => {
    const reader = new Reader(bytes, 5);
    expect(reader.u24()).toBe(0x000102);
    expect(reader.short).toBe(false);
    expect([reader.u8(), reader.u16(), reader.u32(), reader.i16(), reader.hex(2), reader.slice(1).length]).toEqual([
      0,
      0,
      0,
      0,
      '',
      0,
    ]);
    expect(reader.short).toBe(true);
    expect(reader.left).toBe(0);
  });

  it('never reads outside its own stretch', () => {
    const reader = new Reader(bytes, 0, 3);
    expect(reader.u32()).toBe(0);
    expect(reader.short).toBe(true);
  });

  it('turns bytes into text and back', () => {
    expect(hex(bytes, 0, 99)).toBe('80FFFEFD7F000102');
    expect(latin1(latin1Bytes('aÿ$'), 0, 3)).toBe('aÿ$');
  });

  it('writes what the reader reads, growing as needed', () => {
    const writer = new Writer(1);
    writer.u8(0x1ff).u16(0xfffe).u24(0x123456).u32(0xfedcba98).latin1('ok€').zeros(2).bytes(bytes);
    writer.setU16(1, 0x0102).setU16(9999, 7);
    const reader = new Reader(writer.done());
    expect([reader.u8(), reader.u16(), reader.u24(), reader.u32()]).toEqual([0xff, 0x0102, 0x123456, 0xfedcba98]);
    expect(reader.latin1(3)).toBe('ok?');
    expect(reader.u16()).toBe(0);
    expect(reader.hex(8)).toBe(hex(bytes, 0, 8));
    expect([reader.left, writer.length]).toEqual([0, writer.view().length]);
  });
});

/**
 * The hash against values of a reference implementation of MurmurHash3 (x86, 128 bits, seed 0; Python's mmh3 5.1), its four
 * words in order, each as eight hexadecimal digits. It is frozen: data lakes merge on it, so none of these may ever change.
 */
import { describe, expect, it } from 'vitest';
import { Report } from '../catalogue/report.generated.js';
import { IdentityKey, murmur128 } from './identity.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
function hash(bytes: Uint8Array): string {
  const report = new Report();
  murmur128(bytes, bytes.length, report);
  return report.message_id;
}

describe('murmur128', () => {
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), '00000000000000000000000000000000'],
    ['one byte', ascii('a'), 'a794933c5556b01b5556b01b5556b01b'],
    ['three bytes', ascii('abc'), '75cdc6d1a2b006a5a2b006a5a2b006a5'],
    ['twelve bytes', ascii('hello, world'), '8b21605cb9b98a1e93273a83eb5957c7'],
    ['one byte less than a block', ascii('0123456789abcde'), '3c76c46d4d0818c0add433daa78673fa'],
    ['exactly a block', ascii('0123456789abcdef'), 'fb7d440936aed30a48ad1d9b572b3bfd'],
    ['one byte more than a block', ascii('0123456789abcdefg'), '7f1f9836516b3876ac29c030f9d6f374'],
    ['all byte values', Uint8Array.from({ length: 256 }, (_, i) => i), '2c56c88fdb4503dfd352b21a494ca2c0'],
    ['high bytes in blocks and tail', new Uint8Array(33).fill(0xff), 'efef5bd1964d9e1e1d1a6195cfc9f7bb'],
  ])('gives the reference value for %s', (_title, bytes, expected) => {
    expect(hash(bytes)).toBe(expected);
  });

  it('reads only as many bytes as it is told', () => {
    const report = new Report();
    murmur128(ascii('abcdef'), 3, report);
    expect(report.message_id).toBe('75cdc6d1a2b006a5a2b006a5a2b006a5');
  });
});

describe('IdentityKey', () => {
  const idOf = (write: (key: IdentityKey) => void): string => {
    const key = new IdentityKey();
    const report = new Report();
    write(key);
    key.into(report);
    return report.message_id;
  };

  it('hashes protocol and ident, each closed by a zero', () => {
    expect(idOf((key) => key.start('astra', '861234567890123'))).toBe(
      hash(ascii('astra\x00861234567890123\x00')), // The reference gives 93f5669d78b0c8bf1a12d8cc0d7a377a for these bytes.
    );
    expect(hash(ascii('astra\x00861234567890123\x00'))).toBe('93f5669d78b0c8bf1a12d8cc0d7a377a');
  });

  it('does not mistake a boundary between texts', () => {
    expect(idOf((key) => key.start('a', 'bc'))).not.toBe(idOf((key) => key.start('ab', 'c')));
  });

  it('writes numbers big-endian', () => {
    const bytes = Uint8Array.from([0x61, 0, 0x62, 0, 0x12, 0x34, 0x56, 0x78, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 9]);
    expect(idOf((key) => key.start('a', 'b').u32(0x12345678).f64(1).u8(9))).toBe(hash(bytes));
  });

  it('starts afresh for the next report', () => {
    const key = new IdentityKey();
    const [first, second] = [new Report(), new Report()];
    key.start('h02', '1').u32(7).into(first);
    key.start('h02', '1').u32(7).into(second);
    expect(second.message_id).toBe(first.message_id);
  });

  it('cuts what is longer than a key, instead of failing', () => {
    const long = idOf((key) => key.start('atrack', '1').bytes(new Uint8Array(5000).fill(1), 0, 5000).u32(1));
    const cut = idOf((key) => key.start('atrack', '1').bytes(new Uint8Array(5000).fill(1), 0, 5000).u32(2));
    expect(cut).toBe(long);
    expect(long).toMatch(/^[0-9a-f]{32}$/);
  });
});

/** ASN.1 in its distinguished encoding, as much as a certificate needs: tag, length, content. */

const SHORT_LENGTH_MAX = 0x7f;

function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length <= SHORT_LENGTH_MAX) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = bytesOf(BigInt(content.length));
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, content]);
}

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => tlv(0x31, ...parts);
export const octets = (content: Uint8Array): Buffer => tlv(0x04, content);
export const text = (value: string): Buffer => tlv(0x0c, Buffer.from(value, 'utf8'));
export const flag = (value: boolean): Buffer => tlv(0x01, Buffer.of(value ? 0xff : 0));
/** `[number]` around whole values. */
export const tagged = (number: number, ...parts: readonly Uint8Array[]): Buffer => tlv(0xa0 | number, ...parts);
/** `[number]` in place of the value's own tag. */
export const implicit = (number: number, content: Uint8Array): Buffer => tlv(0x80 | number, content);
export const bits = (content: Uint8Array, unused = 0): Buffer => tlv(0x03, Buffer.of(unused), content);

/** A number that is not negative. */
export function integer(value: bigint): Buffer {
  const bytes = bytesOf(value);
  // The highest bit would make it negative.
  return tlv(0x02, bytes[0]! > SHORT_LENGTH_MAX ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

/** Dotted: `2.5.29.17`. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const septets = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return tlv(0x06, Buffer.from(bytes));
}

/** UTC to the second, of a year below 2050. */
export function time(at: Date): Buffer {
  return tlv(0x17, Buffer.from(`${at.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`, 'latin1'));
}

/**
 * PROXY protocol version 2: who is really at the other end, said by a proxy in front of the first byte.
 *
 * ```
 * 12 bytes signature | version and command (2x) | family and transport | length u16 | addresses, options
 * ```
 * Command 0 (LOCAL) is the proxy's own health check: no device. Version 1 (text) is refused.
 */

const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const HEAD_BYTES = 16;
/** Addresses and options of a header; the specification's senders stay far below. */
export const PROXY_BYTES_MAX = HEAD_BYTES + 1_024;

export type ProxyHeader =
  | { readonly kind: 'need' }
  | { readonly kind: 'bad' }
  /** `source` null: LOCAL, or a family without addresses. The stream goes on at `end`. */
  | {
      readonly kind: 'header';
      readonly end: number;
      readonly source: { readonly address: string; readonly port: number } | null;
    };

/** Reads the header at the front of `bytes`. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const known = Math.min(bytes.length, SIGNATURE.length);
  for (let i = 0; i < known; i++) if (bytes[i] !== SIGNATURE[i]) return { kind: 'bad' };
  if (bytes.length < HEAD_BYTES) return { kind: 'need' };
  const command = bytes[12]!;
  const family = bytes[13]!;
  const end = HEAD_BYTES + bytes.readUInt16BE(14);
  if (command >> 4 !== 2 || (command & 0x0f) > 1 || end > PROXY_BYTES_MAX) return { kind: 'bad' };
  if (bytes.length < end) return { kind: 'need' };
  if ((command & 0x0f) === 0) return { kind: 'header', end, source: null };
  const body = bytes.subarray(HEAD_BYTES, end);
  if (family === 0x11 && body.length >= 12)
    return { kind: 'header', end, source: { address: body.subarray(0, 4).join('.'), port: body.readUInt16BE(8) } };
  if (family === 0x21 && body.length >= 36) {
    const groups = Array.from({ length: 8 }, (_, i) => body.readUInt16BE(2 * i).toString(16));
    return { kind: 'header', end, source: { address: groups.join(':'), port: body.readUInt16BE(32) } };
  }
  return { kind: 'bad' };
}

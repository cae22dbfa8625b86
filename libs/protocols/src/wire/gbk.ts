/**
 * GBK text, as the Chinese standards word plates, names and messages. Reading uses the platform's own decoder (browsers and Node
 * both have it); writing inverts it once, when first needed.
 */

/** The platform's decoder; declared here because this package takes neither DOM nor Node types. */
declare class TextDecoder {
  constructor(label: string);
  decode(bytes: Uint8Array): string;
}

const decoder = new TextDecoder('gbk');
let codes: ReadonlyMap<string, number> | null = null;

/** Text of [from, to); what is no GBK becomes U+FFFD. */
export function gbkText(b: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) {
    if (b[i]! > 0x7f) return decoder.decode(b.subarray(from, to));
    text += String.fromCharCode(b[i]!);
  }
  return text;
}

/** Bytes of a text; null when it holds a character that GBK does not have. */
export function gbkBytes(text: string): Uint8Array | null {
  const out: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point < 0x80) {
      out.push(point);
      continue;
    }
    const code = (codes ??= encoderTable()).get(character);
    if (code === undefined) return null;
    out.push(code >>> 8, code & 0xff);
  }
  return Uint8Array.from(out);
}

/** Every two-byte code by its character: lead 81–FE, trail 40–FE without 7F. */
function encoderTable(): ReadonlyMap<string, number> {
  const table = new Map<string, number>();
  const pair = new Uint8Array(2);
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      if (trail === 0x7f) continue;
      pair[0] = lead;
      pair[1] = trail;
      const character = decoder.decode(pair);
      const single = character.length === 1 && character !== '\ufffd';
      if (single && !table.has(character)) table.set(character, (lead << 8) | trail);
    }
  }
  return table;
}

/** Damage as links and devices do it: flipped bits, cut ends, spliced frames, impossible lengths, doubled and reordered frames. */
import type { Random } from '../contract/random.js';

/** Bytes that mean something to some protocol: flags, escapes, separators, line ends, extremes. */
const TELLING = [
  0x00, 0xff, 0x7e, 0x7d, 0x01, 0x02, 0x24, 0x2a, 0x23, 0x2c, 0x58, 0x40, 0x50, 0xfe, 0x0d, 0x0a, 0x1a, 0x25,
];
const INSERT_MAX = 40;
const NOISE_MAX = 200;

type Mutation = (bytes: Uint8Array, other: Uint8Array, random: Random) => Uint8Array;

const at = (bytes: Uint8Array, random: Random): number => random.below(Math.max(1, bytes.length));
/** No Buffer: its `slice` would be a view. */
const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const MUTATIONS: readonly Mutation[] = [
  (bytes, _, random) => {
    const out = bytes.slice();
    for (let flips = 1 + random.below(4); flips > 0; flips--) out[at(out, random)]! ^= 1 << random.below(8);
    return out;
  },
  (bytes, _, random) => {
    const out = bytes.slice();
    for (let writes = 1 + random.below(3); writes > 0; writes--)
      out[at(out, random)] = TELLING[random.below(TELLING.length)]!;
    return out;
  },
  // A length, a count or a coordinate that can not be, most often near the front.
  (bytes, _, random) => {
    const out = bytes.slice();
    const from = random.below(2) === 0 ? random.below(Math.min(16, out.length)) : at(out, random);
    out.fill(random.below(2) === 0 ? 0xff : 0, from, from + 1 + random.below(4));
    return out;
  },
  (bytes, _, random) => bytes.slice(0, at(bytes, random)),
  (bytes, _, random) => bytes.slice(at(bytes, random)),
  (bytes, other, random) => join(bytes.subarray(0, at(bytes, random)), other.subarray(at(other, random))),
  (bytes, _, random) => {
    const cut = at(bytes, random);
    return join(bytes.subarray(0, cut), random.bytes(1 + random.below(INSERT_MAX)), bytes.subarray(cut));
  },
  (bytes, _, random) => {
    const cut = at(bytes, random);
    return join(bytes.subarray(0, cut), bytes.subarray(cut + 1 + random.below(8)));
  },
  (bytes, _, random) => {
    const cut = at(bytes, random);
    return join(bytes.subarray(0, cut), bytes.subarray(Math.max(0, cut - 1 - random.below(30))));
  },
  // A digit of a text, or a letter of a type.
  (bytes, _, random) => {
    const out = bytes.slice();
    out[at(out, random)] = 0x30 + random.below(10);
    return out;
  },
];

/** `bytes` damaged once or several times. */
export function damaged(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let out = bytes;
  for (let times = 1 + random.below(3); times > 0 && out.length > 0; times--)
    out = MUTATIONS[random.below(MUTATIONS.length)]!(out, other, random);
  return out;
}

/** Frames of a stream, each whole, damaged, left out, doubled, in another place, or with noise before it. */
export function disorder(frames: readonly Uint8Array[], random: Random): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (const frame of frames) {
    const other = frames[random.below(frames.length)]!;
    switch (random.below(8)) {
      case 0:
        out.push(frame);
        break;
      case 1:
        out.push(frame, frame);
        break;
      case 2:
        out.push(random.bytes(1 + random.below(NOISE_MAX)), frame);
        break;
      case 3:
        out.splice(random.below(out.length + 1), 0, frame);
        break;
      default:
        out.push(damaged(frame, other, random));
    }
  }
  return out.filter((bytes) => bytes.length > 0);
}

/** The stream cut as a network might: byte by byte, in small reads, in large ones, or as written. */
export function cut(pieces: readonly Uint8Array[], random: Random): Uint8Array[] {
  const way = random.below(4);
  if (way === 3) return [...pieces];
  const stream = join(...pieces);
  const out: Uint8Array[] = [];
  for (let from = 0; from < stream.length;) {
    const size = way === 0 ? 1 + random.below(2) : 1 + random.below(way === 1 ? 16 : 1500);
    out.push(stream.subarray(from, from + size));
    from += size;
  }
  return out;
}

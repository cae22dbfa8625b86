const SEED = 0x9747b28c;
const MIX = 0x5bd1e995;
const ROTATE = 24;

/** murmur2 of the Java client (`Utils.murmur2`), as a signed 32-bit integer. */
export function murmur2(bytes: Uint8Array, length = bytes.length): number {
  const tail = length & ~3;
  let hash = SEED ^ length;
  for (let i = 0; i < tail; i += 4) {
    let word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    word = Math.imul(word, MIX);
    word ^= word >>> ROTATE;
    hash = Math.imul(hash, MIX) ^ Math.imul(word, MIX);
  }
  const rest = length & 3;
  if (rest > 0) {
    if (rest > 2) hash ^= bytes[tail + 2]! << 16;
    if (rest > 1) hash ^= bytes[tail + 1]! << 8;
    hash ^= bytes[tail]!;
    hash = Math.imul(hash, MIX);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MIX);
  return (hash ^ (hash >>> 15)) | 0;
}

/**
 * The partition of a key among `count`, as the Java client and every writer of Fleetwire choose it.
 * Other clients differ (librdkafka hashes with CRC-32 unless told `partitioner=murmur2_random`).
 */
export function partitionOf(key: string | Uint8Array, count: number): number {
  return ((typeof key === 'string' ? murmur2OfString(key) : murmur2(key)) & 0x7fffffff) % count;
}

/** Idents are short and ASCII: their bytes need no buffer of their own. */
const scratch = new Uint8Array(64);

function murmur2OfString(key: string): number {
  const { length } = key;
  if (length > scratch.length) return murmur2(Buffer.from(key));
  for (let i = 0; i < length; i++) {
    const code = key.charCodeAt(i);
    if (code > 0x7f) return murmur2(Buffer.from(key));
    scratch[i] = code;
  }
  return murmur2(scratch, length);
}

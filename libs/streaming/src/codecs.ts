import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import kafkajs from 'kafkajs';
import type { CompressionTypes } from 'kafkajs';
import { StreamError } from './errors.js';
import type { Compression, StreamLog } from './ports.js';

/** Level 1 is three times as fast as 6 for an eighth less compression; these batches are short-lived. */
const GZIP_LEVEL = 1;
const ZSTD_LEVEL = 3;
/**
 * Batches of fewer bytes are written as they are: to compress a kilobyte takes as long as 30 kB (a context, a thread and back), the broker and
 * every reader undo it, and it saves some hundred bytes. A topic that is written fast has longer batches.
 */
export const COMPRESS_BYTES_MIN = 2_048;

interface Zstd {
  compress(buffer: Buffer, level: number): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

const gzipBuffer = promisify<Buffer, { level: number }, Buffer>(gzip);
const gunzipBuffer = promisify<Buffer, Buffer>(gunzip);

/** The binary of the zstd package is chosen by platform at install: where there is none, gzip takes its place. */
function loadZstd(): Zstd | null {
  const load: (name: string) => unknown = createRequire(import.meta.url);
  try {
    const module = load('@mongodb-js/zstd');
    return isZstd(module) ? module : null;
  } catch {
    return null;
  }
}

function isZstd(module: unknown): module is Zstd {
  return (
    typeof module === 'object' &&
    module !== null &&
    'compress' in module &&
    typeof module.compress === 'function' &&
    'decompress' in module &&
    typeof module.decompress === 'function'
  );
}

let zstd: Zstd | null | undefined;

/** Gives the client its codecs. May be called often. */
export function installCodecs(): void {
  if (zstd !== undefined) return;
  const found = loadZstd();
  zstd = found;
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: (encoder: { buffer: Buffer }) => gzipBuffer(encoder.buffer, { level: GZIP_LEVEL }),
    decompress: (buffer: Buffer) => gunzipBuffer(buffer),
    bytesMin: COMPRESS_BYTES_MIN,
  });
  if (found === null) return;
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    // The binding reads the whole ArrayBuffer region of a Buffer correctly, subarrays included.
    compress: (encoder: { buffer: Buffer }) => found.compress(encoder.buffer, ZSTD_LEVEL),
    decompress: (buffer: Buffer) => found.decompress(buffer),
    bytesMin: COMPRESS_BYTES_MIN,
  });
}

/** The client's number of a compression. zstd becomes gzip where its package has no binary for the machine. */
export function compressionType(compression: Compression, log: StreamLog): CompressionTypes {
  installCodecs();
  const types = kafkajs.CompressionTypes;
  switch (compression) {
    case 'none':
      return types.None;
    case 'gzip':
      return types.GZIP;
    case 'zstd':
      if (zstd !== null) return types.ZSTD;
      log.warn({ compression }, 'the zstd package has no binary for this machine, gzip is used');
      return types.GZIP;
    case 'lz4':
      throw new StreamError('codec_missing', 'Compression lz4 has no codec in this build; use zstd, gzip or none');
  }
}

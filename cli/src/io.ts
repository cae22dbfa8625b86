/** stdout for machines, stderr for people. */
import { StringDecoder } from 'node:string_decoder';

/** Writes to stdout and waits when a pipe is full, so that a slow reader never makes memory grow. */
export async function print(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
}

/** One JSON line on stdout. */
export async function printJson(value: unknown): Promise<void> {
  await print(`${toJson(value)}\n`);
}

/** JSON with what JSON lacks: big integers as numbers where exact, else as text; bytes as hex. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_key, item: unknown) => plain(item), indent);
}

function plain(item: unknown): unknown {
  if (typeof item === 'bigint') {
    const number = Number(item);
    return Number.isSafeInteger(number) ? number : item.toString();
  }
  if (item instanceof Uint8Array) return Buffer.from(item).toString('hex');
  // Buffers turn themselves into this shape before a replacer sees them.
  if (isBufferJson(item)) return Buffer.from(item.data).toString('hex');
  if (item instanceof Map) return Object.fromEntries(item);
  return item;
}

function isBufferJson(item: unknown): item is { type: 'Buffer'; data: number[] } {
  return typeof item === 'object' && item !== null && 'type' in item && item.type === 'Buffer' && 'data' in item;
}

/** A line for people on stderr. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A line may not be longer than this: one JSON vector of a large capture is far below. */
export const LINE_CHARS_MAX = 16 * 1024 * 1024;

/** Lines of a byte stream, without their ends; the last one needs none. Bounded by LINE_CHARS_MAX. */
export async function* linesOf(input: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of input) {
    rest += typeof chunk === 'string' ? chunk : decoder.write(chunk);
    let from = 0;
    for (let at = rest.indexOf('\n'); at >= 0; at = rest.indexOf('\n', from)) {
      yield rest.slice(from, at).replace(/\r$/, '');
      from = at + 1;
    }
    rest = rest.slice(from);
    if (rest.length > LINE_CHARS_MAX)
      throw new Error(`a line of the input is longer than ${LINE_CHARS_MAX} characters`);
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
}

/** All of a stream as text; refused beyond `bytesMax`. */
export async function textOf(input: AsyncIterable<Buffer | string>, bytesMax: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    const part = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    bytes += part.length;
    if (bytes > bytesMax) throw new Error(`the input is longer than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * A small protocol of lines, for tests: everything that the edge does with a protocol can be said in it.
 *
 * ```
 * D<ident>,<text>\n   data, answered with `A<text>\n`        H<ident>\n   heartbeat without an answer
 * B<text>\n           bad checksum, no answer                R<text>\n    rejected, answered with `R\n`
 * X\n                 cannot be read on                      \r           filler
 * T\n                 throws: a bug
 * ```
 */
import { Report, type Accepted, type Family, type Framed, type LinkState, type Protocol } from '@fleetwire/protocols';

const LF = 10;
const FRAME_BYTES_MAX = 1_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export interface LineOptions {
  readonly replyAgeMaxMs?: number | null;
  readonly idleTimeoutMs?: number;
}

export function lineProtocol(options: LineOptions = {}): Protocol {
  return {
    id: 'h02',
    title: 'lines',
    port: 0,
    commands: [],
    limits: {
      frameBytesMax: FRAME_BYTES_MAX,
      idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
      replyAgeMaxMs: options.replyAgeMaxMs ?? null,
    },
    owns: () => true,
    detect: (view) => {
      if (view.to - view.from < 2) return { kind: 'need', atLeast: 2 };
      if (!'DHBRXT'.includes(String.fromCharCode(view.bytes[view.from]!)))
        return { kind: 'no', because: 'no letter of the lines' };
      return { kind: 'yes', start: view.from, end: view.from + 1, because: 'a letter of the lines' };
    },
    open: (known): LinkState => ({ ident: known?.ident ?? null }),
    frame: (view): Framed => {
      const first = view.bytes[view.from]!;
      if (first === 13) return { kind: 'skip', end: view.from + 1 };
      if (!'DHBRXT'.includes(String.fromCharCode(first)))
        return { kind: 'bad', reason: 'noise', resumeAt: view.from + 1 };
      const end = view.bytes.subarray(view.from, view.to).indexOf(LF);
      if (end >= 0) return { kind: 'frame', end: view.from + end + 1 };
      return { kind: 'need', atLeast: view.to - view.from + 1 };
    },
    accept: (frame, state): Accepted => {
      const line = new TextDecoder().decode(frame).trimEnd();
      const [ident = '', text = ''] = line.slice(1).split(',');
      const rejected = {
        kind: 'reject',
        rejection: { reason: 'bad_checksum', start: 0, end: frame.length },
        ident: null,
      } as const;
      switch (line[0]) {
        case 'D':
          state.ident = ident;
          return { kind: 'publish', ident, context: { said: text }, reply: bytes(`A${text}\n`), class: 'data' };
        case 'H':
          state.ident = ident;
          return { kind: 'publish', ident, context: {}, reply: null, class: 'control' };
        case 'R':
          return { ...rejected, reply: bytes('R\n'), close: false };
        case 'T':
          throw new Error('a bug in the protocol');
        default:
          return { ...rejected, reply: null, close: line[0] === 'X' };
      }
    },
    decode: ({ ident, receivedAtUs }) => {
      const report = new Report();
      report.ident = ident;
      report.timestamp = receivedAtUs;
      return { reports: [report], responses: [], rejected: [], learnt: [] };
    },
    encode: (command) =>
      command.name === 'bad'
        ? { kind: 'error', field: 'arguments.level', remedy: 'use a number from 0 to 5' }
        : { kind: 'bytes', bytes: bytes(`C${command.name}\n`), correlation: command.name, answer: 'response' },
    correlationOf: (response) => response.command ?? '',
    explain: () => [],
  };
}

export function lineFamily(options: LineOptions = {}): Family {
  return { id: 'sinotrack', protocols: [lineProtocol(options)] };
}

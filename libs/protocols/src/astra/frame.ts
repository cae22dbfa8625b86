/**
 * Where messages begin and end. Text and binary share one stream without separators:
 *
 *   '$' or two capital letters   text, up to CR, LF or CR LF
 *   capital letter, u16 length   packet of that many bytes, letter and checksum included
 *   CR, LF, NUL                  filler between messages
 *
 * Anything else means that the stream is lost: lengths are all that holds it together, so a TCP connection is closed. Checksums
 * are judged later, because a packet with a wrong one still ends where it says.
 */
import type { Detection, Framed, FrameView, RejectReason } from '../protocol.js';
import { crc16Modbus } from '../wire/crc.js';
import { latin1, u16 } from '../wire/reader.js';
import { credibleIdent } from './imei.js';
import { CRC_BYTES } from './layout.js';
import { isUpper, LOGIN_PREFIX, DRIVER_PREFIX } from './responses.js';

export const PACKET_BYTES_MIN = 12;
export const PACKET_BYTES_MAX = 16_383;
export const TEXT_BYTES_MAX = 4096;
/** A login line without line end counts when nothing follows for so long. */
const LOGIN_SILENCE_MS = 1000;
/** A long answer ends when no further line comes for so long. */
const ANSWER_SILENCE_MS = 500;
/** A packet that does not go on for so long will not be completed. */
const PACKET_SILENCE_MS = 60_000;

const CR = 0x0d;
const LF = 0x0a;
const NUL = 0x00;
const DOLLAR = 0x24;
const LOGIN_FIELDS = /^\$ASTRA;(?:[^;\r\n]*;){5,6}[^;\r\n]*$/;

const isFiller = (byte: number): boolean => byte === CR || byte === LF || byte === NUL;
const isPrintable = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x20 && byte <= 0x7e;

export function frame(view: FrameView): Framed {
  const { bytes, from, to } = view;
  const first = bytes[from]!;
  if (isFiller(first)) return skipFiller(view);
  if (first === DOLLAR) return textFrame(view);
  if (!isUpper(first)) return bad(view, 'noise');
  if (from + 1 < to && isUpper(bytes[from + 1])) return textFrame(view);
  if (from + 3 > to)
    return view.final ? bad(view, 'truncated') : { kind: 'need', atLeast: 3, silenceMs: PACKET_SILENCE_MS };
  const length = u16(bytes, from + 1);
  if (length < PACKET_BYTES_MIN || length > PACKET_BYTES_MAX) return bad(view, 'bad_length');
  if (from + length <= to) return { kind: 'frame', end: from + length };
  return view.final ? bad(view, 'truncated') : { kind: 'need', atLeast: length, silenceMs: PACKET_SILENCE_MS };
}

/** A stream is lost from here on; of datagrams only this one is. */
function bad(view: FrameView, reason: RejectReason): Framed {
  return { kind: 'bad', reason, resumeAt: view.transport === 'udp' ? view.to : null };
}

function skipFiller({ bytes, from, to }: FrameView): Framed {
  let end = from + 1;
  while (end < to && isFiller(bytes[end]!)) end++;
  return { kind: 'skip', end };
}

/** End of the line that starts at `from`, its CR, LF or CR LF included; -1: not there, or a CR whose LF may still come. */
function lineEnd(view: FrameView, from: number): number {
  const { bytes, to } = view;
  for (let i = from; i < to; i++) {
    if (bytes[i] === LF) return i + 1;
    if (bytes[i] !== CR) continue;
    if (i + 1 < to) return bytes[i + 1] === LF ? i + 2 : i + 1;
    return view.final ? i + 1 : -1;
  }
  return -1;
}

function textFrame(view: FrameView): Framed {
  const { bytes, from } = view;
  const end = lineEnd(view, from);
  if (end < 0) return unfinishedLine(view);
  if (end - from > TEXT_BYTES_MAX) return bad(view, 'bad_length');
  return isLongAnswer(bytes, from, end) ? longAnswer(view, end) : { kind: 'frame', end };
}

function unfinishedLine(view: FrameView): Framed {
  const { bytes, from, to } = view;
  const length = to - from;
  if (length > TEXT_BYTES_MAX) return bad(view, 'bad_length');
  const isLogin = startsWith(bytes, from, to, LOGIN_PREFIX);
  if (view.final) {
    // A datagram is whole by itself, and a login says by its fields whether it is; of other text the end may be missing.
    if (view.transport === 'udp' || isLogin) return { kind: 'frame', end: to };
    return bad(view, 'truncated');
  }
  const endsInCr = bytes[to - 1] === CR;
  const mayBeWhole = endsInCr || (isLogin && LOGIN_FIELDS.test(latin1(bytes, from, to)));
  return { kind: 'need', atLeast: length + 1, ...(mayBeWhole && { silenceMs: LOGIN_SILENCE_MS }) };
}

/** `$CMD-TCP` and texts without `$` have further lines. */
function isLongAnswer(bytes: Uint8Array, from: number, end: number): boolean {
  return bytes[from] !== DOLLAR || /^\$[A-Za-z0-9]+-TCP/.test(latin1(bytes, from, Math.min(end, from + 16)));
}

/** Takes further lines of plain text, until a `$` line, a packet or a silence. */
function longAnswer(view: FrameView, firstEnd: number): Framed {
  const { bytes, from, to } = view;
  let end = firstEnd;
  for (;;) {
    let at = end;
    while (at < to && isFiller(bytes[at]!)) at++;
    const next = at < to ? continues(view, at) : 'unknown';
    if (next === 'no') return { kind: 'frame', end };
    if (next === 'yes') {
      const stop = lineEnd(view, at);
      if (stop >= 0 && stop - from > TEXT_BYTES_MAX) return { kind: 'frame', end };
      if (stop >= 0) {
        end = stop;
        continue;
      }
      if (to - from > TEXT_BYTES_MAX) return { kind: 'frame', end };
    }
    if (!view.final) return { kind: 'need', atLeast: to - from + 1, silenceMs: ANSWER_SILENCE_MS };
    return { kind: 'frame', end };
  }
}

/** Is a further line at `at`? Packets have a length below 8,224, so a letter before two printable bytes is text. */
function continues({ bytes, to }: FrameView, at: number): 'yes' | 'no' | 'unknown' {
  if (bytes[at] === DOLLAR || !isPrintable(bytes[at])) return 'no';
  if (!isUpper(bytes[at])) return 'yes';
  if (at + 1 >= to) return 'unknown';
  if (!isPrintable(bytes[at + 1])) return 'no';
  if (at + 2 >= to) return 'unknown';
  return isPrintable(bytes[at + 2]) || isFiller(bytes[at + 2]!) ? 'yes' : 'no';
}

function startsWith(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  return latin1(bytes, from, Math.min(to, from + text.length)) === text;
}

/**
 * On the shared port: a login or driver request by its first words, a packet by its checksum. A letter and a length alone are not
 * enough, as other protocols' packets may begin with any two bytes.
 */
export function detect(view: FrameView): Detection {
  const { bytes, to, final } = view;
  let from = view.from;
  while (from < to && isFiller(bytes[from]!)) from++;
  if (from === to)
    return final ? { kind: 'no', because: 'only line ends' } : { kind: 'need', atLeast: to - view.from + 1 };
  if (bytes[from] === DOLLAR) return detectText(view, from);
  if (!isUpper(bytes[from])) return { kind: 'no', because: 'the first byte is no capital letter and no $' };
  if (from + 3 > to)
    return final ? { kind: 'no', because: 'too short' } : { kind: 'need', atLeast: from - view.from + 3 };
  const length = u16(bytes, from + 1);
  if (length < PACKET_BYTES_MIN || length > PACKET_BYTES_MAX)
    return { kind: 'no', because: 'bytes 1 and 2 are no length of 12 to 16,383' };
  if (from + length > to) {
    // Longer than what detection may wait for: the IMEI in the header decides.
    if (final && credibleIdent(bytes.subarray(0, to), from + 4) !== null)
      return {
        kind: 'yes',
        start: from,
        end: from + 11,
        because: 'letter, length and an IMEI with a good check digit',
      };
    return final ? { kind: 'no', because: 'cut short' } : { kind: 'need', atLeast: from - view.from + length };
  }
  const sumAt = from + length - CRC_BYTES;
  return crc16Modbus(bytes, from, sumAt) === u16(bytes, sumAt)
    ? { kind: 'yes', start: from, end: from + length, because: 'letter, length and a good checksum' }
    : { kind: 'no', because: 'the checksum of the packet does not hold' };
}

function detectText({ bytes, from: start, to, final }: FrameView, from: number): Detection {
  for (const prefix of [LOGIN_PREFIX, DRIVER_PREFIX]) {
    const have = Math.min(to - from, prefix.length);
    if (latin1(bytes, from, from + have) !== prefix.slice(0, have)) continue;
    if (have === prefix.length) return { kind: 'yes', start: from, end: from + have, because: `starts with ${prefix}` };
    return final ? { kind: 'no', because: 'cut short' } : { kind: 'need', atLeast: from - start + prefix.length };
  }
  return { kind: 'no', because: `$ is not followed by ASTRA; or DRID,` };
}

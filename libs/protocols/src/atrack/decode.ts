/** The decoder half: one frame into reports, answers and what it teaches. Pure; the only clock is the time of receipt. */
import { addQuality, append } from '../catalogue/set.js';
import type { DecodeInput, Decoded } from '../protocol.js';
import { u16 } from '../wire/reader.js';
import { decodeAscii } from './ascii-records.js';
import { decodeBinary } from './binary.js';
import { BINARY_HEADER_BYTES, KEEP_ALIVE_BYTES, asciiHead, asciiHeader, isPicture, kindAt } from './header.js';
import { type Outcome, emptyOutcome, newReport, reject } from './outcome.js';
import { decodePicture } from './picture.js';
import { decodeReply } from './reply.js';
import { restoreUtf8 } from './utf8.js';

/** See `Protocol.decode`. */
export function decode(input: DecodeInput): Decoded {
  const { frame } = input;
  const out = emptyOutcome();
  switch (kindAt(frame, 0, frame.length, true)) {
    case 'keep_alive':
      presence(input, out);
      break;
    case 'reply':
      decodeReply(input, out);
      break;
    case 'ascii':
      decodeAscii(restored(input), out);
      break;
    case 'binary':
      if (frame.length < BINARY_HEADER_BYTES) reject(out, 'body_short', 0, frame.length, 'header');
      else if (isPicture(frame, 0)) return decodePicture(frame);
      else decodeBinary(input, out);
      break;
    default:
      reject(out, 'bad_syntax', 0, frame.length, 'header');
  }
  if (input.context['crc'] === 'mismatch') for (const r of out.reports) addQuality(r, 'crc_mismatch');
  return out;
}

/** The frame as the device wrote it. */
function restored(input: DecodeInput): DecodeInput {
  if (input.context['encoding'] !== 'utf8' || asciiHeader(input.frame, 0, input.frame.length) !== 'ok') return input;
  const said = restoreUtf8(input.frame, 0, input.frame.length, asciiHead.length);
  return said === null || said === 'need' ? input : { ...input, frame: said.bytes };
}

/** A keep-alive says that the device is there. */
function presence(input: DecodeInput, out: Outcome): void {
  if (input.frame.length < KEEP_ALIVE_BYTES) {
    reject(out, 'body_short', 0, input.frame.length, 'header');
    return;
  }
  const r = newReport(input, u16(input.frame, 10));
  r.kind = 'presence';
  out.reports = append(out.reports, r);
}

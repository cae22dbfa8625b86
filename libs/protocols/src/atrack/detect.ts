/**
 * The shared port. ATrack's prefix may be any two bytes, so there it needs a keep-alive, `@` and a letter, an answer to a command, or
 * a whole frame with a good checksum. `$` and digits is H02's binary form: only a name that ends like an answer's counts.
 */
import type { Detection, FrameView } from '../protocol.js';
import { AT_SIGN, CR, DOLLAR, EQUALS, PLUS, SPACE, isDigit, isLetter, isUpper } from './ascii.js';
import { asciiHead, asciiHeader, binaryLength, isAsciiAt, kindAt } from './header.js';
import { asciiCrcFits, binaryCrcFits } from './search.js';

const NAME_BYTES_MAX = 12;

/** See `Protocol.detect`. */
export function detect(view: FrameView): Detection {
  const { bytes: b, from, to, final } = view;
  const yes = (length: number, because: string): Detection => ({
    kind: 'yes',
    start: from,
    end: from + length,
    because,
  });
  const no = (because: string): Detection => ({ kind: 'no', because });
  const need = (atLeast: number): Detection =>
    final ? no('ATrack: ends before a whole frame') : { kind: 'need', atLeast };
  const have = to - from;
  if (have === 0) return need(1);
  const first = b[from]!;
  if (first === 0xfe && have < 2) return need(2);
  if (first === 0xfe && b[from + 1] === 0x02) return yes(2, 'FE 02 begins an ATrack keep-alive');
  if (first === AT_SIGN) {
    if (have < 2) return need(2);
    if (isLetter(b[from + 1]!)) return yes(2, '@ and a letter begin an ATrack frame');
  }
  if (first === DOLLAR) return answer(view, yes, no, need);
  switch (kindAt(b, from, to, final)) {
    case 'ascii': {
      const said = asciiHeader(b, from, to);
      if (said === 'need') return need(have + 1);
      if (said !== 'ok') return no('not the header of an ATrack report');
      if (have < asciiHead.length) return need(asciiHead.length);
      return asciiCrcFits(b, from, from + asciiHead.length)
        ? yes(asciiHead.length, 'a whole ATrack report with a good checksum')
        : no('no ATrack checksum fits');
    }
    case 'binary': {
      const length = binaryLength(b, from);
      if (length === 0) return no('no length of an ATrack frame');
      if (have < length) return need(length);
      return binaryCrcFits(b, from, from + length)
        ? yes(length, 'a whole ATrack frame with a good checksum')
        : no('no ATrack checksum fits');
    }
    case 'need':
      return isAsciiAt(b, from) ? need(16) : need(have + 1);
    default:
      return no('not the first byte of an ATrack message');
  }
}

function answer(
  view: FrameView,
  yes: (length: number, because: string) => Detection,
  no: (because: string) => Detection,
  need: (atLeast: number) => Detection,
): Detection {
  const { bytes: b, from, to } = view;
  for (let at = from + 1; at < to; at++) {
    const byte = b[at]!;
    if (isUpper(byte) || isDigit(byte)) {
      if (at - from > NAME_BYTES_MAX) return no('$ without the name of an ATrack answer');
      continue;
    }
    const closes = byte === EQUALS || byte === PLUS || byte === CR || byte === SPACE;
    return closes && at > from + 2
      ? yes(at + 1 - from, '$, a name and its end begin an ATrack answer')
      : no('$ without the name of an ATrack answer');
  }
  return need(to - from + 1);
}

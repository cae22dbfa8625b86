/** What the edge does with a JT808 message: who sent it, and the answer in the device's own edition. */
import type { Accepted, AcceptEnv, FrameContext, RejectReason } from '../protocol.js';
import { bcdBytes, bcdText } from '../wire/bcd.js';
import { two, utcFields } from '../wire/calendar.js';
import { u16, u32 } from '../wire/reader.js';
import { Writer, latin1Bytes } from '../wire/writer.js';
import { editionOf } from './registration.js';
import { identOf } from './ident.js';
import { LOCATION_BYTES } from './location.js';
import { Message, wordMessage, type Addressee } from './message.js';
import { answerable, PARTS_MAX } from './parts.js';
import { BAD_FRAMES_MAX, takeSerial, type Jt808Link } from './state.js';

/** Results of the general answer 0x8001. */
const OK = 0;
const BAD_MESSAGE = 2;
const UNSUPPORTED = 3;
/** Result of the answer to a registration, 0x8100: there is no such device. */
const NO_SUCH_DEVICE = 4;

const CONTEXT: FrameContext = Object.freeze({});
const message = new Message();

/** How a message of a device is answered. */
type Answer = 'general' | 'none' | 'register' | 'time' | 'media' | 'resend';
/** What the edge must know of a message. */
interface Kind {
  readonly answer: Answer;
  /** Its body has at least so many bytes. 0x0704 is always taken: a refusal makes devices resend it for ever. */
  readonly bodyBytesMin: number;
  readonly class: 'data' | 'control';
}
const kind = (answer: Answer, bodyBytesMin = 0, data = false): Kind => ({
  answer,
  bodyBytesMin,
  class: data ? 'data' : 'control',
});
const ACKNOWLEDGED = kind('general');
/** What is acknowledged and has nothing more about it. */
const PLAIN_IDS = [
  ...[0x0002, 0x0003, 0x0102, 0x0107, 0x0108, 0x0301, 0x0302, 0x0303],
  ...[0x0700, 0x0702, 0x0705, 0x0800, 0x0802, 0x0805],
];
/** What is not here is answered with 0x8001 "unsupported". */
const KINDS = new Map<number, Kind>([
  [0x0200, kind('general', LOCATION_BYTES, true)],
  [0x0704, kind('general', 0, true)],
  [0x0900, kind('general', 0, true)],
  // Answers are not answered.
  [0x0001, kind('none', 5)],
  [0x0104, kind('none')],
  [0x0201, kind('none', LOCATION_BYTES + 2, true)],
  [0x0500, kind('none', LOCATION_BYTES + 2, true)],
  [0x0100, kind('register')],
  [0x0004, kind('time')],
  [0x0801, kind('media', 4)],
  [0x0005, kind('resend', 3)],
]);
for (const id of PLAIN_IDS) KINDS.set(id, ACKNOWLEDGED);

export function accept(frame: Uint8Array, state: Jt808Link, env: AcceptEnv): Accepted {
  const m = message;
  const problem = state.sound === frame.length ? m.readSound(frame) : m.read(frame);
  state.sound = 0;
  if (problem !== null) return reject(state, frame, problem, null, null);
  const ident = identify(m, state);
  if (ident === null) {
    const reason = isZero(m) ? 'no_ident' : 'bad_ident';
    return reject(state, frame, reason, null, null);
  }
  if (m.isEncrypted) return reject(state, frame, 'encrypted', ident, general(m, state, UNSUPPORTED));
  if (m.isSplit && !isWhole(m)) {
    if (!m.isPart || m.total > PARTS_MAX)
      return reject(state, frame, 'bad_length', ident, general(m, state, BAD_MESSAGE));
    return publish(state, KINDS.get(m.id), ident, partReply(m, state, env));
  }
  const known = KINDS.get(m.id);
  const short = known !== undefined && m.bodyTo - m.bodyFrom < known.bodyBytesMin;
  if (short) return reject(state, frame, 'body_short', ident, m.id === 0x0200 ? general(m, state, BAD_MESSAGE) : null);
  // Without an edition its fields can not be found; it is discarded, and the device registers again.
  if (m.id === 0x0100 && editionOf(m) === null) return reject(state, frame, 'body_short', ident, null);
  const answer = known?.answer;
  if (answer === 'register') return register(m, known, state, ident);
  return publish(state, known, ident, replyTo(m, answer, state, env.nowMs));
}

const isWhole = (m: Message): boolean => m.total === 1 && m.number === 1;

function publish(
  state: Jt808Link,
  known: Kind | undefined,
  ident: string,
  reply: Uint8Array | null,
): Extract<Accepted, { kind: 'publish' }> {
  state.badFrames = 0;
  return { kind: 'publish', ident, context: CONTEXT, reply, class: known?.class ?? 'control' };
}

function reject(
  state: Jt808Link,
  frame: Uint8Array,
  reason: RejectReason,
  ident: string | null,
  reply: Uint8Array | null,
): Accepted {
  const close = ++state.badFrames > BAD_FRAMES_MAX;
  return { kind: 'reject', rejection: { reason, start: 0, end: frame.length }, ident, reply, close };
}

/** The device, also noted in the state with its phone field. An all-zero phone is the connection's own device. */
function identify(m: Message, state: Jt808Link): string | null {
  const samePhone = state.phone !== null && state.phoneIdent !== null && equal(m, state.phone);
  const named = samePhone ? state.phoneIdent : identOf(m.bytes, m.phoneFrom, m.phoneTo);
  const ident = named === '' ? state.ident : named;
  if (ident === null) return null;
  if (!samePhone) {
    state.phone = m.phone;
    state.phoneIdent = named;
  }
  state.version = m.version;
  state.ident = ident;
  return ident;
}

function equal(m: Message, phone: Uint8Array): boolean {
  if (m.phoneTo - m.phoneFrom !== phone.length) return false;
  for (let i = 0; i < phone.length; i++) if (m.bytes[m.phoneFrom + i] !== phone[i]) return false;
  return true;
}
function isZero(m: Message): boolean {
  for (let i = m.phoneFrom; i < m.phoneTo; i++) if (m.bytes[i] !== 0) return false;
  return true;
}

/** Body of 0x8001; worded at once, so one serves all. */
const GENERAL = new Uint8Array(5);

/** 0x8001: serial and id of what is answered, result. */
function general(m: Message, state: Jt808Link, result: number, serial = m.serial): Uint8Array {
  GENERAL[0] = serial >>> 8;
  GENERAL[1] = serial;
  GENERAL[2] = m.id >>> 8;
  GENERAL[3] = m.id;
  GENERAL[4] = result;
  return wordMessage(0x8001, senderOf(m, state), takeSerial(state), GENERAL);
}

/** The sender as its message named it. `identify` has noted the phone field, so that it need not be cut out again. */
const senderOf = (m: Message, state: Jt808Link): Addressee => ({ phone: state.phone ?? m.phone, version: m.version });

function replyTo(
  m: Message,
  answer: Exclude<Answer, 'register'> | undefined,
  state: Jt808Link,
  nowMs: number,
): Uint8Array | null {
  switch (answer) {
    case 'general':
      return general(m, state, OK);
    case 'none':
      return null;
    case 'time': {
      const t = utcFields(nowMs);
      const digits = [t.yy, t.mo, t.dd, t.hh, t.mi, t.ss].map(two).join('');
      return wordMessage(0x8004, m, takeSerial(state), bcdBytes(digits, 6));
    }
    case 'media':
      return received(m, state, u32(m.bytes, m.bodyFrom));
    case 'resend':
      return resend(m, state);
    case undefined:
      return general(m, state, UNSUPPORTED);
  }
}

/**
 * 0x8100: serial of the registration, result, code. The code is the phone itself: a device that comes back with it, or with another
 * server's, is let in alike. A device that is not let in gets no code.
 */
function register(m: Message, known: Kind | undefined, state: Jt808Link, ident: string): Accepted {
  const serial = takeSerial(state);
  const code = latin1Bytes(bcdText(m.bytes, m.phoneFrom, m.phoneTo));
  const answer = (body: Writer): Uint8Array => wordMessage(0x8100, m, serial, body.done());
  const accepted = publish(state, known, ident, answer(new Writer(32).u16(m.serial).u8(OK).bytes(code)));
  return { ...accepted, refusal: answer(new Writer(3).u16(m.serial).u8(NO_SUCH_DEVICE)) };
}

/** 0x8800: all of a medium has come. */
const received = (m: Message, state: Jt808Link, mediaId: number): Uint8Array =>
  wordMessage(0x8800, m, takeSerial(state), new Writer(4).u32(mediaId).done());

/**
 * Each part is acknowledged, in the order of the packet numbers: on a stream a part that came before an earlier one waits with its
 * answer until that one is there, so that the device, which sends them in a row, hears of them in a row. A repeat is acknowledged at
 * once: no device is kept waiting twice. Datagrams overtake each other by nature and are each answered as they come. The last part of a
 * medium also closes it.
 */
function partReply(m: Message, state: Jt808Link, env: AcceptEnv): Uint8Array | null {
  const set = state.parts.note(m, env.nowMs);
  if (m.id === 0x0801 && m.number === 1 && m.bodyTo - m.bodyFrom >= 4) set.mediaId = u32(m.bytes, m.bodyFrom);
  const out = new Writer(64);
  for (const number of env.transport === 'udp' ? [m.number] : answerable(set, m.number))
    out.bytes(general(m, state, OK, (set.firstSerial + number - 1) & 0xffff));
  if (m.id === 0x0801 && set.completedNow && set.mediaId !== null) out.bytes(received(m, state, set.mediaId));
  return out.length === 0 ? null : out.done();
}

/** 0x0005: parts of the last split command again. `first serial u16, count u16, numbers u16×n`; some send the count as u8. */
function resend(m: Message, state: Jt808Link): Uint8Array {
  const sent = state.sent;
  const first = u16(m.bytes, m.bodyFrom);
  if (sent?.firstSerial !== first) return general(m, state, BAD_MESSAGE);
  const length = m.bodyTo - m.bodyFrom;
  const from = length % 2 === 0 ? m.bodyFrom + 4 : m.bodyFrom + 3;
  const out = new Writer(2048);
  const asked = new Set<number>();
  for (let at = from; at + 2 <= m.bodyTo; at += 2) asked.add(u16(m.bytes, at));
  for (const number of asked) {
    const part = sent.frames[number - 1];
    if (part !== undefined) out.bytes(part);
  }
  return out.length > 0 ? out.done() : general(m, state, BAD_MESSAGE);
}

/** 0x8003 for sets with parts missing. As many numbers as the count field or one packet can name. */
export function tick(state: Jt808Link, nowMs: number): readonly Uint8Array[] {
  if (state.parts.size === 0) return NOTHING;
  return state.parts.due(nowMs).map(({ addressee, firstSerial, numbers }) => {
    const is2019 = addressee.version !== null;
    const named = numbers.slice(0, is2019 ? 509 : 255);
    const body = new Writer(4 + 2 * named.length).u16(firstSerial);
    if (is2019) body.u16(named.length);
    else body.u8(named.length);
    for (const number of named) body.u16(number);
    return wordMessage(0x8003, addressee, takeSerial(state), body.done());
  });
}
const NOTHING: readonly Uint8Array[] = [];

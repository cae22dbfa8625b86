/** The edge half's judgement of one frame: checksum, whose it is, what to answer. No field is decoded here. */
import type { AcceptEnv, Accepted, FrameContext, Known, LinkState, RejectReason } from '../protocol.js';
import { choose, identOfUnreadable, isDocumented, type Login } from './choose.js';
import { CRC_BYTES } from './layout.js';
import { checkPacket, CONTEXT_IDENT, CONTEXT_LETTER } from './decode.js';
import { isText, LOGIN_PREFIX, parseDriverRequest, parseLogin, textOf } from './responses.js';

export interface AstraLink extends LinkState {
  /** From the last good login line; replaced by the next one. */
  login: Login;
  /** Of `login`, made once. */
  context: FrameContext;
  badChecksumsInRow: number;
}

/** The one answer that the protocol has. It names no packet: exactly one for each, in order. */
const ACKNOWLEDGE = Uint8Array.of(0x06);
const BAD_CHECKSUMS_MAX = 3;

export function open(known?: Known): AstraLink {
  const login = { ident: known?.ident ?? null, letter: known?.letter ?? null };
  return { ident: login.ident, login, context: contextOf(login), badChecksumsInRow: 0 };
}

function contextOf(login: Login): FrameContext {
  return {
    ...(login.ident !== null && { [CONTEXT_IDENT]: login.ident }),
    ...(login.letter !== null && { [CONTEXT_LETTER]: login.letter }),
  };
}

export function accept(b: Uint8Array, state: AstraLink, env: AcceptEnv): Accepted {
  const accepted = isText(b) ? acceptText(b, state) : acceptPacket(b, state, env);
  // A datagram has no connection that could be closed.
  return accepted.kind === 'reject' && env.transport === 'udp' ? { ...accepted, close: false } : accepted;
}

function reject(
  b: Uint8Array,
  reason: RejectReason,
  ident: string | null,
  answer: { readonly reply: Uint8Array | null; readonly close: boolean },
): Accepted {
  return { kind: 'reject', rejection: { reason, start: 0, end: b.length }, ident, ...answer };
}

const SILENT = { reply: null, close: false };
const SILENT_AND_CLOSE = { reply: null, close: true };

function acceptText(b: Uint8Array, state: AstraLink): Accepted {
  const text = textOf(b);
  if (text.startsWith(LOGIN_PREFIX)) return acceptLogin(b, text, state);
  const request = parseDriverRequest(text);
  const ident = request?.imei ?? state.ident;
  if (ident === null) return reject(b, 'no_ident', null, SILENT);
  state.ident = ident;
  return { kind: 'publish', ident, context: state.context, reply: null, class: request === null ? 'control' : 'data' };
}

function acceptLogin(b: Uint8Array, text: string, state: AstraLink): Accepted {
  const login = parseLogin(text);
  if (login === null) return reject(b, 'bad_login', null, SILENT_AND_CLOSE);
  state.ident = login.ident;
  state.login = { ident: login.ident, letter: login.letter === '' ? null : login.letter };
  state.context = contextOf(state.login);
  state.badChecksumsInRow = 0;
  return { kind: 'publish', ident: login.ident, context: state.context, reply: ACKNOWLEDGE, class: 'control' };
}

function acceptPacket(b: Uint8Array, state: AstraLink, env: AcceptEnv): Accepted {
  const wrong = checkPacket(b);
  if (wrong !== null) return acceptDamaged(b, wrong, state);
  state.badChecksumsInRow = 0;
  const choice = choose(b, state.login, env.nowMs);
  switch (choice.kind) {
    case 'reports':
      return publish(choice.ident ?? state.login.ident!, state);
    case 'no_ident':
      // Closing makes the device connect again and log in.
      return reject(b, 'no_ident', null, SILENT_AND_CLOSE);
    case 'layout_mismatch':
    case 'unknown_type':
      return acceptUnreadable(b, choice.kind, state, choice.kind === 'layout_mismatch' ? choice : { at: 0 });
  }
}

function publish(ident: string, state: AstraLink): Accepted {
  state.ident = ident;
  return { kind: 'publish', ident, context: state.context, reply: ACKNOWLEDGE, class: 'data' };
}

/** No answer: the device sends the packet again. Where a letter is unknown too, nothing says that this is Astra at all. */
function acceptDamaged(b: Uint8Array, reason: RejectReason, state: AstraLink): Accepted {
  state.badChecksumsInRow++;
  const close = state.badChecksumsInRow >= BAD_CHECKSUMS_MAX || !isDocumented(b[0]!);
  return reject(b, reason, state.ident, { reply: null, close });
}

/**
 * Whole and undamaged, but not readable here: it is kept, and acknowledged because the device would send nothing else for ever.
 * With an ident it goes the way of all frames and the decoder dead-letters it, so that a later version can read it.
 */
function acceptUnreadable(
  b: Uint8Array,
  reason: RejectReason,
  state: AstraLink,
  where: { readonly at: number; readonly path?: string },
): Accepted {
  const ident = state.login.ident ?? identOfUnreadable(b) ?? state.ident;
  if (ident !== null) return publish(ident, state);
  const rejection = { reason, start: where.at, end: b.length - CRC_BYTES };
  return {
    kind: 'reject',
    rejection: where.path === undefined ? rejection : { ...rejection, path: where.path },
    ident: null,
    reply: ACKNOWLEDGE,
    close: false,
  };
}

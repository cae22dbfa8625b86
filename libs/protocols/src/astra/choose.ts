/**
 * Which layout a packet has, and whose it is. Nothing in a packet says whether the header carries an IMEI (session modes 4, 5) or
 * not (mode 6): the reports are laid from both places, and what consumes the packet exactly is taken. The edge decides so to name
 * the device, the decoder again to read it; both see the same login and the same clock, so they agree.
 */
import { credibleIdent, headerIdent, IMEI_BYTES, luhn } from './imei.js';
import { ANY_VARIANTS, blame, CRC_BYTES, fit, X_VARIANTS, Z_VARIANTS, type Fit, type Variant } from './layout.js';
import { countLegacy, LEGACY, type LegacyLayout } from './legacy.js';
import { CLOCK_AHEAD_MAX_S, GNSS_EPOCH_S } from './time.js';

/** What the connection's login said. */
export interface Login {
  readonly ident: string | null;
  /** Protocol letter; null: unknown. */
  readonly letter: string | null;
}

export type Choice =
  /** `ident` null: mode 6, the login's. `variant` null: Y, or a letter of fixed layout. */
  | { readonly kind: 'reports'; readonly from: number; readonly variant: Variant | null; readonly ident: string | null }
  /** Mode 6 layout, and nobody has logged in. */
  | { readonly kind: 'no_ident' }
  | { readonly kind: 'layout_mismatch'; readonly path: string; readonly at: number }
  | { readonly kind: 'unknown_type' };

export const LETTER_X = 0x58;
export const LETTER_Y = 0x59;
export const LETTER_Z = 0x5a;
const COUNT_AT = 3;
const MODE6_AT = 4;
const MODE4_AT = MODE6_AT + IMEI_BYTES;
const LEGACY_IDENT_AT = 3;
const LEGACY_AT = LEGACY_IDENT_AT + IMEI_BYTES;

/** Has the letter a layout here? */
export function isDocumented(letter: number): boolean {
  return (letter >= LETTER_X && letter <= LETTER_Z) || LEGACY.has(letter);
}

/** Decides over a whole packet with a good checksum. `nowMs`: the server's clock at receipt. */
export function choose(b: Uint8Array, login: Login, nowMs: number): Choice {
  const letter = b[0]!;
  if (letter >= LETTER_X && letter <= LETTER_Z) return chooseCounted(b, letter, login, nowMs);
  const layout = LEGACY.get(letter);
  return layout === undefined ? { kind: 'unknown_type' } : chooseLegacy(b, layout, login);
}

const Y_VARIANTS: readonly null[] = [null];

function variantsOf(letter: number, login: Login): readonly (Variant | null)[] {
  if (letter === LETTER_Y) return Y_VARIANTS;
  if (letter === LETTER_Z || login.letter === 'Z') return Z_VARIANTS;
  return login.letter === null ? ANY_VARIANTS : X_VARIANTS;
}

function chooseCounted(b: Uint8Array, letter: number, login: Login, nowMs: number): Choice {
  const end = b.length - CRC_BYTES;
  const count = b[COUNT_AT]!;
  if (count === 0) return { kind: 'layout_mismatch', path: 'report_count', at: COUNT_AT };
  const latest = Math.floor(nowMs / 1000) + CLOCK_AHEAD_MAX_S - GNSS_EPOCH_S;
  const variants = variantsOf(letter, login);
  // A report time that cannot be speaks against a layout, but a clock that was never set does not make the packet unreadable.
  for (const wanted of ['exact_and_timely', 'exact'] as const) {
    for (const variant of variants) {
      const mode6 = reaches(fit(b, MODE6_AT, end, count, variant, latest), wanted);
      const mode4 = reaches(fit(b, MODE4_AT, end, count, variant, latest), wanted) ? headerIdent(b, MODE6_AT) : null;
      if (!mode6 && mode4 === null) continue;
      if (mode4 !== null && (!mode6 || (login.ident === null && luhn(mode4))))
        return { kind: 'reports', from: MODE4_AT, variant, ident: mode4 };
      return login.ident === null ? { kind: 'no_ident' } : { kind: 'reports', from: MODE6_AT, variant, ident: null };
    }
  }
  const from = login.ident === null && headerIdent(b, MODE6_AT) !== null ? MODE4_AT : MODE6_AT;
  return { kind: 'layout_mismatch', ...blame(b, from, end, count, variants[0] ?? null) };
}

function reaches(got: Fit, wanted: 'exact' | 'exact_and_timely'): boolean {
  return got === wanted || got === 'exact_and_timely';
}

/** The IMEI is always in the header; after a login some firmware may leave it out, which no source describes. */
function chooseLegacy(b: Uint8Array, layout: LegacyLayout, login: Login): Choice {
  const end = b.length - CRC_BYTES;
  const header = headerIdent(b, LEGACY_IDENT_AT);
  const hasHeader = header !== null && countLegacy(b, LEGACY_AT, end, layout) > 0;
  if (hasHeader && luhn(header)) return { kind: 'reports', from: LEGACY_AT, variant: null, ident: header };
  if (login.ident !== null && countLegacy(b, LEGACY_IDENT_AT, end, layout) > 0)
    return { kind: 'reports', from: LEGACY_IDENT_AT, variant: null, ident: null };
  if (hasHeader) return { kind: 'reports', from: LEGACY_AT, variant: null, ident: header };
  return { kind: 'layout_mismatch', path: 'report', at: Math.min(LEGACY_AT, end) };
}

/** Whose packet this probably is when its layout does not tell: the header's IMEI if chance would hardly make it. */
export function identOfUnreadable(b: Uint8Array): string | null {
  const letter = b[0]!;
  return credibleIdent(b, letter >= LETTER_X && letter <= LETTER_Z ? MODE6_AT : LEGACY_IDENT_AT);
}

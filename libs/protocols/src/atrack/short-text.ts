/** The short text frame, `AT$POST` in its simple form: header, RTC time and text only. */
import { append } from '../catalogue/set.js';
import type { DecodeInput } from '../protocol.js';
import { type Draft, type FieldSettings, NONE } from './draft.js';
import { type Outcome, identify, newReport } from './outcome.js';
import { applyText, textKeyOf } from './text.js';
import { FUTURE_MAX_S, TIME_MIN_S } from './time.js';

const US_PER_S = 1e6;

/** Adds the report of a short text at `rtc` seconds. False: the time is none, so these bytes are something else. */
export function writeShortText(
  input: DecodeInput,
  out: Outcome,
  sequence: number,
  rtc: number,
  text: string,
  d: Draft,
  s: FieldSettings,
): boolean {
  if (rtc < TIME_MIN_S || rtc > s.nowS + FUTURE_MAX_S) return false;
  d.rtc = rtc;
  d.gps = 0;
  d.reason = NONE;
  d.longitude = NONE;
  d.latitude = NONE;
  d.odometer = NONE;
  d.inputs = NONE;
  d.textKey = textKeyOf(text);
  const r = newReport(input, sequence);
  identify(d, r);
  r.timestamp = rtc * US_PER_S;
  r.device_time = rtc * US_PER_S;
  applyText(text, NONE, r);
  out.reports = append(out.reports, r);
  return true;
}

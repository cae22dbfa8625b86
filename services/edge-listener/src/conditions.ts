/** Whether a command's condition holds, judged on the last data frame of the connection. Unknown or stale is never good enough. */
import {
  protocolOf,
  type DecodeInput,
  type DeviceSettings,
  type FrameContext,
  type ProtocolId,
  type Report,
} from '@fleetwire/protocols';
import type { Command } from '@fleetwire/schemas';

/** Age of a position that still counts where the command does not say. */
export const FIX_AGE_DEFAULT_S = 60;
/** A fix may be so far ahead of us: clocks differ. */
export const FIX_AHEAD_MAX_S = 300;

/** The last frame with reports, as the decoder would get it. */
export interface LastFrame {
  readonly protocol: ProtocolId;
  readonly ident: string;
  readonly frame: Uint8Array;
  readonly context: FrameContext;
  readonly receivedAtUs: number;
}

export type Judgement =
  | { readonly holds: true }
  | { readonly holds: false; readonly cause: 'condition_unknown' | 'condition_not_met'; readonly detail: string };

const HOLDS: Judgement = { holds: true };
const unknown = (detail: string): Judgement => ({ holds: false, cause: 'condition_unknown', detail });
const broken = (detail: string): Judgement => ({ holds: false, cause: 'condition_not_met', detail });

export function judge(
  condition: Command['condition'],
  last: LastFrame | null,
  ident: string,
  settings: DeviceSettings,
  nowUs: number,
): Judgement {
  if (condition === null) return HOLDS;
  if (last === null || last.ident !== ident) return unknown('no position came on this connection yet');
  const { protocol, frame, context, receivedAtUs } = last;
  return judgeReports(condition, reportsOf(protocol, { frame, ident, context, receivedAtUs, settings }), nowUs);
}

/** A decoder that throws has a bug; here it means only that the condition is not known. */
function reportsOf(protocol: ProtocolId, input: DecodeInput): readonly Report[] {
  try {
    return protocolOf(protocol).decode(input).reports;
  } catch {
    return [];
  }
}

/** The part that needs no decoder. Times in µs. */
export function judgeReports(
  condition: NonNullable<Command['condition']>,
  reports: readonly Report[],
  nowUs: number,
): Judgement {
  const report = newestFix(reports);
  if (report === null) return unknown('the last frame has no position');
  const ageS = (nowUs - report.timestamp) / 1e6;
  const maxAgeS = condition.max_fix_age_s ?? FIX_AGE_DEFAULT_S;
  if (ageS > maxAgeS) return unknown(`the last position is ${Math.round(ageS)} s old, more than ${maxAgeS} s`);
  if (ageS < -FIX_AHEAD_MAX_S) return unknown('the last position is in the future');
  if (report.quality.includes('clock_suspect')) return unknown('the clock of the device is in doubt');
  if (condition.max_speed !== null) {
    if (report.position_speed === null) return unknown('the last position has no speed');
    if (report.position_speed > condition.max_speed)
      return broken(`the speed is ${report.position_speed} km/h, more than ${condition.max_speed} km/h`);
  }
  if (condition.ignition_off === true) {
    if (report.engine_ignition_status === null) return unknown('the ignition is not known');
    if (report.engine_ignition_status) return broken('the ignition is on');
  }
  return HOLDS;
}

/** The newest report that the device made with a fix of that moment. */
function newestFix(reports: readonly Report[]): Report | null {
  let newest: Report | null = null;
  for (const report of reports) {
    if (report.kind !== 'report' || report.position_latitude === null || report.position_valid === false) continue;
    if (newest === null || report.timestamp >= newest.timestamp) newest = report;
  }
  return newest;
}

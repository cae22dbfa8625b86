/** State of one device in the enricher, and its layout in `enricher-state`. */
import { Corrections } from './corrections.js';
import { readFold, writeFold } from './fold/state-codec.js';
import { START, type FoldState } from './fold/state.js';
import { ReportLog } from './log/report-log.js';
import { Ring } from './log/ring.js';
import { Liveness } from './presence.js';
import { EPOCH_US, type Reader, type Writer } from './store/bytes.js';

/** Version of the layout below. A record of another version is not read: its device starts anew. */
export const STATE_FORMAT = 5;

export class DeviceState {
  readonly ring = new Ring();
  corrections = new Corrections();
  /** Behind the newest entry of the log. */
  fold: FoldState = START;
  liveness = new Liveness();
  /** Receipt of the newest report that was folded, µs; 0: none. */
  lastFoldedUs = 0;
  /** A timer has said what a gap after the newest report would. */
  timed = false;
  /** Reports of the running batch came late, and are not folded yet. Never so between two batches. */
  unsettled = false;
  /** The newest report as it came in `telemetry`; null before the first. Published again when presence changes. */
  newest: Buffer | null = null;
  /** The newest report is hidden. */
  hidden = false;

  constructor(readonly log = new ReportLog()) {}
}

/** Bytes of what stands before the ring, at most. */
const HEAD_ROOM = 64;
/** Flags of a head. */
const TIMED = 1;
const HIDDEN = 2;
const ON_TRIP = 4;
const NEWEST = 8;
const ONLINE_KNOWN = 16;
const ONLINE = 32;

/**
 * Writes the state record of the device itself; the closed parts of its log are records of their own. What timers ask stands first,
 * and the newest report last:
 *
 *   flags, liveness, lastFoldedUs, ring, corrections, open segment, fold, newest report
 */
export function writeState(out: Writer, state: DeviceState): void {
  const { lastSeenUs, online, onlineSinceUs, intervals, mode } = state.liveness.state;
  out.room(HEAD_ROOM + 10 * intervals.length);
  out.byte(
    (state.timed ? TIMED : 0) |
      (state.hidden ? HIDDEN : 0) |
      (state.fold.motion.trip === null ? 0 : ON_TRIP) |
      (state.newest === null ? 0 : NEWEST) |
      (online === null ? 0 : ONLINE_KNOWN) |
      (online === true ? ONLINE : 0),
  );
  out.time(lastSeenUs, EPOCH_US);
  out.time(onlineSinceUs, lastSeenUs);
  out.byte(intervals.length);
  for (const interval of intervals) out.time(interval, 0);
  out.byte(mode);
  out.time(state.lastFoldedUs, lastSeenUs);
  out.blob(state.ring.bytes);
  state.corrections.write(out);
  state.log.writeOpen(out);
  writeFold(out, state.fold);
  if (state.newest !== null) out.raw(state.newest, 0, state.newest.length);
}

/** What timers ask of a device; the beginning of its state. */
export interface Glance {
  readonly liveness: Liveness;
  readonly lastFoldedUs: number;
  readonly timed: boolean;
  readonly onTrip: boolean;
}

export const glanceOf = ({ liveness, lastFoldedUs, timed, fold }: DeviceState): Glance => ({
  liveness,
  lastFoldedUs,
  timed,
  onTrip: fold.motion.trip !== null,
});

export function readGlance(from: Reader): Glance & { readonly flags: number } {
  const flags = from.byte();
  const lastSeenUs = from.time(EPOCH_US)!;
  const onlineSinceUs = from.time(lastSeenUs)!;
  const intervals: number[] = [];
  for (let left = from.byte(); left > 0; left--) intervals.push(from.time(0)!);
  const mode = from.byte();
  const online = (flags & ONLINE_KNOWN) === 0 ? null : (flags & ONLINE) !== 0;
  return {
    liveness: new Liveness({ lastSeenUs, online, onlineSinceUs, intervals, mode }),
    lastFoldedUs: from.time(lastSeenUs)!,
    timed: (flags & TIMED) !== 0,
    onTrip: (flags & ON_TRIP) !== 0,
    flags,
  };
}

/**
 * Reads what writeState wrote: the bytes from `from` on to `end`. What stays bytes in the state is a view of them: they may change when
 * the state has been written again, not before.
 */
export function readState(from: Reader, end: number, log: ReportLog): DeviceState {
  const state = new DeviceState(log);
  const { liveness, lastFoldedUs, timed, flags } = readGlance(from);
  state.liveness = liveness;
  state.lastFoldedUs = lastFoldedUs;
  state.timed = timed;
  state.hidden = (flags & HIDDEN) !== 0;
  state.ring.read(from);
  state.corrections.read(from);
  log.readOpen(from);
  state.fold = readFold(from);
  if ((flags & NEWEST) !== 0) state.newest = from.bytes.subarray(from.at, end);
  return state;
}

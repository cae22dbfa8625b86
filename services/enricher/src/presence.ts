/**
 * Whether a device is online, by the server's clock: it is, until it has been silent for three times the interval that was learnt
 * for what it does. A report, a presence record and a new session are signs of life. That a connection ended is none of death: many devices
 * connect for each report.
 */

/** What a device does, as far as its interval depends on it. */
export const MODES = ['moving', 'parked', 'asleep'] as const;
export type Mode = (typeof MODES)[number];

const SECOND = 1_000_000;
/** Intervals that may be missed. */
const MISSED = 3;
export const SILENCE_MIN_US = 120 * SECOND;
export const SILENCE_MAX_US = 86_400 * SECOND;
/** Silence that is allowed before an interval is learnt. */
export const SILENCE_UNKNOWN_US = 600 * SECOND;
/** Signs of life closer than this are one: a batch of stored reports. */
const BURST_US = SECOND / 2;
/** Weight of a shorter interval; a longer one counts at once. */
const SHORTER_WEIGHT = 0.1;

export interface LivenessState {
  /** Receipt of its last frame of any kind, µs. */
  lastSeenUs: number;
  /** Null before it is known. */
  online: boolean | null;
  /** When that last changed, µs. */
  onlineSinceUs: number;
  /** Learnt, µs, by MODES; 0: not yet. */
  intervals: number[];
  /** Index in MODES since the last frame. */
  mode: number;
}

export class Liveness {
  readonly state: LivenessState;

  constructor(state: LivenessState = { lastSeenUs: 0, online: null, onlineSinceUs: 0, intervals: [0, 0, 0], mode: 1 }) {
    this.state = state;
  }

  /** A sign of life at `atUs`. True when the device comes online by it, after having been offline or unknown. */
  seen(atUs: number, mode: Mode | null): boolean {
    const { state } = this;
    const since = atUs - state.lastSeenUs;
    if (state.lastSeenUs > 0 && since > BURST_US) {
      const learnt = state.intervals[state.mode] ?? 0;
      const gap = Math.min(since, SILENCE_MAX_US / MISSED);
      state.intervals[state.mode] = gap > learnt ? gap : learnt + (gap - learnt) * SHORTER_WEIGHT;
    }
    if (mode !== null) state.mode = MODES.indexOf(mode);
    state.lastSeenUs = Math.max(state.lastSeenUs, atUs);
    if (state.online === true) return false;
    state.online = true;
    state.onlineSinceUs = atUs;
    return true;
  }

  /** Event time, µs, from which it is offline should nothing more come. */
  get deadlineUs(): number {
    const learnt = this.state.intervals[this.state.mode] ?? 0;
    const silence = learnt === 0 ? SILENCE_UNKNOWN_US : learnt * MISSED;
    // A learnt interval is a mean, and has fractions; times of records have none.
    return this.state.lastSeenUs + Math.round(Math.min(SILENCE_MAX_US, Math.max(SILENCE_MIN_US, silence)));
  }

  /** Takes it for offline when its silence is too long at `nowUs`. True when it changed. */
  judge(nowUs: number): boolean {
    const deadline = this.deadlineUs;
    if (this.state.online !== true || nowUs <= deadline) return false;
    this.state.online = false;
    this.state.onlineSinceUs = deadline;
    return true;
  }
}

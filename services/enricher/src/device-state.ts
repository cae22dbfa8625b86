/** State of one device in the enricher, and its layout in `enricher-state`. */
import { START, type FoldState } from './fold.js';
import { ReportLog } from './report-log.js';

/** Version of the layout below; a new one reads the old. */
export const STATE_FORMAT = 1;

export class DeviceState {
  readonly log = new ReportLog();
  fold: FoldState = START;
  /** Event time of the newest folded report, µs; −∞ before the first. */
  newestUs = Number.NEGATIVE_INFINITY;
  /** Receipt of its last frame of any kind, µs. */
  lastSeenUs = 0;
  /** Presence by the server's clock, and since when (µs); null before it is known. */
  online: boolean | null = null;
  onlineSinceUs = 0;
  /** The newest report as it came in `telemetry`; null before the first. Published again when presence changes. */
  newest: Buffer | null = null;
}

const HEAD_BYTES = 8 * 7 + 2;
const NO_NUMBER = Number.NaN;

/**
 * Payload of the state record: seven f64 (newest, last seen, fix latitude, longitude, time, distance, odometer; NaN: none), online (u8: 0 unknown, 1 no, 2 yes) and
 * a spare byte, online since (f64), the log's head, and the newest report's bytes to the end.
 */
export function encodeState(state: DeviceState): Buffer {
  const head = Buffer.alloc(HEAD_BYTES + 8);
  const { fix, distanceKm, odometerKm } = state.fold;
  const numbers = [
    state.newestUs,
    state.lastSeenUs,
    fix?.latitude ?? NO_NUMBER,
    fix?.longitude ?? NO_NUMBER,
    fix?.atUs ?? NO_NUMBER,
    distanceKm,
    odometerKm ?? NO_NUMBER,
  ];
  for (const [i, value] of numbers.entries()) head.writeDoubleBE(value, i * 8);
  head[56] = state.online === null ? 0 : state.online ? 2 : 1;
  head.writeDoubleBE(state.onlineSinceUs, HEAD_BYTES);
  return Buffer.concat([head, state.log.encodeHead(), state.newest ?? Buffer.alloc(0)]);
}

/** Reads a payload into `state`, whose log may have restored segments already. */
export function decodeState(payload: Buffer, state: DeviceState): void {
  const at = (i: number): number => payload.readDoubleBE(i * 8);
  const known = (i: number): number | null => (Number.isNaN(at(i)) ? null : at(i));
  state.newestUs = at(0);
  state.lastSeenUs = at(1);
  const [latitude, longitude, atUs] = [known(2), known(3), known(4)];
  state.fold = {
    fix: latitude === null || longitude === null || atUs === null ? null : { latitude, longitude, atUs },
    distanceKm: at(5),
    odometerKm: known(6),
  };
  state.online = payload[56] === 0 ? null : payload[56] === 2;
  state.onlineSinceUs = payload.readDoubleBE(HEAD_BYTES);
  const behind = payload.subarray(HEAD_BYTES + 8);
  const rest = behind.subarray(state.log.decodeHead(behind));
  state.newest = rest.length === 0 ? null : Buffer.from(rest);
}

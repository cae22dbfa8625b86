/** State of one device in the enricher, and its layout in `enricher-state`. */
import avsc from 'avsc';
import { Corrections } from './corrections.js';
import { FOLD_TYPE } from './fold/state-codec.js';
import { START, type FoldState } from './fold/state.js';
import { ReportLog } from './log/report-log.js';
import { Ring } from './log/ring.js';
import { Liveness, type LivenessState } from './presence.js';

/** Version of the layout below. A record of another version is not read: its device starts anew. */
export const STATE_FORMAT = 3;

export class DeviceState {
  readonly log = new ReportLog();
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
}

interface Head {
  readonly liveness: LivenessState;
  readonly lastFoldedUs: number;
  readonly timed: boolean;
  readonly hidden: boolean;
  readonly ring: Buffer;
  readonly bases: readonly { readonly key: string; readonly base: number; readonly atUs: number }[];
  readonly open: Buffer;
  readonly fold: FoldState;
  readonly newest: Buffer | null;
}

const LIVENESS: avsc.Schema = {
  type: 'record',
  name: 'Liveness',
  fields: [
    { name: 'lastSeenUs', type: 'double' },
    { name: 'online', type: ['null', 'boolean'] },
    { name: 'onlineSinceUs', type: 'double' },
    { name: 'intervals', type: { type: 'array', items: 'double' } },
    { name: 'mode', type: 'int' },
  ],
};
const BASE: avsc.Schema = {
  type: 'record',
  name: 'Base',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'base', type: 'int' },
    { name: 'atUs', type: 'long' },
  ],
};
const HEAD = avsc.Type.forSchema(
  {
    type: 'record',
    name: 'Head',
    fields: [
      { name: 'liveness', type: LIVENESS },
      { name: 'lastFoldedUs', type: 'long' },
      { name: 'timed', type: 'boolean' },
      { name: 'hidden', type: 'boolean' },
      { name: 'ring', type: 'bytes' },
      { name: 'bases', type: { type: 'array', items: BASE } },
      { name: 'open', type: 'bytes' },
      { name: 'fold', type: FOLD_TYPE },
      { name: 'newest', type: ['null', 'bytes'] },
    ],
  },
  { wrapUnions: 'never' },
);

/** The state record of the device itself; the closed parts of its log are records of their own. */
export function encodeState(state: DeviceState): Buffer {
  const head: Head = {
    liveness: state.liveness.state,
    lastFoldedUs: state.lastFoldedUs,
    timed: state.timed,
    hidden: state.hidden,
    ring: state.ring.bytes,
    bases: state.corrections.size === 0 ? [] : state.corrections.toList(),
    open: state.log.encodeOpen(),
    fold: state.fold,
    newest: state.newest,
  };
  return HEAD.toBuffer(head);
}

/** Reads a payload into `state`, whose log may have restored parts already; the last step of a restore. */
export function decodeState(payload: Buffer, state: DeviceState): void {
  // The type is the one above, which has the fields of Head.
  const head = HEAD.fromBuffer(payload) as Head;
  state.liveness = new Liveness({ ...head.liveness, intervals: [...head.liveness.intervals] });
  state.lastFoldedUs = head.lastFoldedUs;
  state.timed = head.timed;
  state.hidden = head.hidden;
  state.ring.bytes = Buffer.from(head.ring);
  state.corrections = Corrections.from(head.bases);
  state.log.restoreOpen(head.open);
  state.fold = head.fold;
  state.newest = head.newest === null ? null : Buffer.from(head.newest);
}

/**
 * One report through a device's state. No clock, no Kafka. In order it is one step; late, or another revision of a known one, it is put in
 * its place, and `settle` folds again from the start of its hour, once for all that came in a batch.
 */
import type { Enrichment, Telemetry, TelemetryOutline } from '@fleetwire/schemas';
import { lastOf, type Published } from './corrections.js';
import type { DeviceState } from './device-state.js';
import { hidden, inputBits, withInputs, type Profile } from './devices.js';
import { alarmBits } from './events/alarm-table.js';
import { gapOutputs, openOutputs } from './fold/open.js';
import type { Output } from './fold/output.js';
import { decodeFold, encodeFold } from './fold/state-codec.js';
import { START, type FoldState } from './fold/state.js';
import { fold } from './fold/steps.js';
import type { World } from './fold/world.js';
import { compareEntries, entryOf, hourOf, outlineOf, type AlarmBits, type Entry, type Place } from './log/entry.js';
import type { Checkpoint } from './log/hour.js';
import { HORIZON_US } from './log/report-log.js';
import { doubtsOf, foldDoubtsOf, withDoubts, type Doubt } from './quality.js';
import { tripId } from './trips/records.js';

/** Event time that far beyond receipt is a wrong clock: published, never folded. */
export const FUTURE_MAX_US = 300_000_000;

/** Event time so far before receipt is a wrong clock too. */
export const PAST_MAX_US = 366 * 86_400_000_000;

export type DuplicateCause = 'in_log' | 'in_ring' | 'lower_revision';

/** What becomes of a report. */
export type Taken =
  | { readonly kind: 'duplicate'; readonly cause: DuplicateCause }
  | {
      readonly kind: 'publish';
      readonly report: TelemetryOutline;
      /** The report with the device's input map, and without what is hidden; null: as it came. */
      readonly shown: Telemetry | null;
      readonly entry: Entry;
      readonly late: boolean;
      readonly beyond: boolean;
      /** It is the newest of its device by event time. */
      readonly newest: boolean;
      readonly outputs: readonly Published[];
      /** Null: known after `settle`. */
      readonly enrichment: Enrichment | null;
    };

/** Identity of an entry among those of its device. */
export const entryKey = ({ idHigh, idLow }: Entry): number => idHigh * 2 ** 21 + (idLow % 2 ** 21);

const isSame = (a: Place | null, b: Entry): boolean => a !== null && compareEntries(a, b) === 0;

/** Reports of a batch that were not in order, until they are settled. */
export class Unsettled {
  readonly late = new Set<number>();
  readonly replaced: Entry[] = [];
  /** Where to fold again from: before the first of them. */
  base: Checkpoint | null = null;
  cause = 'late_report';
}

export interface Settled {
  readonly outputs: readonly Published[];
  /** By entry key: what is known of the reports that came late. */
  readonly enrichments: ReadonlyMap<number, Enrichment>;
  /** By entry key: what is doubtful of their fixes, where anything is. */
  readonly doubts: ReadonlyMap<number, readonly Doubt[]>;
}

/** Takes `given` into `state` (in place). `whole` is the report of which it is the outline; `open`: makes or gives the batch's unsettled reports of this device. */
export function take(
  state: DeviceState,
  given: TelemetryOutline,
  whole: () => Telemetry,
  profile: Profile,
  open: () => Unsettled,
): Taken {
  const full = profile.inputs.length === 0 ? null : whole();
  const mapped = full === null ? null : withInputs(full, profile.inputs);
  const report = mapped === full || mapped === null ? given : outlineOf(mapped);
  const hides = profile.hides && report.private_status === true;
  const entry = entryOf(report, bitsOf(report, mapped, profile), hides);
  const { log, ring } = state;
  const newest = log.newest;
  const suspect = entry.timeUs > report.received_at + FUTURE_MAX_US || entry.timeUs < report.received_at - PAST_MAX_US;
  const beyond = newest !== null && entry.timeUs < newest.timeUs - HORIZON_US;

  const ringed = ring.revisionOf(entry);
  if (ringed >= entry.revision) return duplicate(ringed === entry.revision ? 'in_ring' : 'lower_revision');
  const known = log.find(entry);
  if (known !== null && known.revision >= entry.revision)
    return duplicate(known.revision === entry.revision ? 'in_log' : 'lower_revision');

  const plain = hides ? hidden(mapped ?? whole()) : mapped === full ? null : mapped;
  const inOrderHere = !suspect && !beyond && known === null && (newest === null || compareEntries(entry, newest) > 0);
  const before = inOrderHere ? { fold: state.fold, thresholds: profile.world.thresholds } : null;
  const doubts = hides ? NO_DOUBTS : doubtsOf(report, entry, suspect, before);
  const shown = doubts.length === 0 ? plain : withDoubts(plain ?? whole(), doubts);
  if (suspect || beyond) {
    ring.add(entry);
    const enrichment = unfolded(state, beyond);
    return {
      kind: 'publish',
      report,
      shown,
      entry,
      late: false,
      beyond,
      newest: false,
      outputs: NOTHING,
      enrichment,
    };
  }
  state.lastFoldedUs = Math.max(state.lastFoldedUs, report.received_at);
  if (inOrderHere) {
    const hourChanged = newest === null || hourOf(newest.timeUs) !== hourOf(entry.timeUs);
    const outputs = inOrder(state, entry, profile.world);
    // What came late in this batch is not settled yet: it may need the hours that the horizon has just passed.
    if (hourChanged && !state.unsettled) forget(state, entry.timeUs, profile.world);
    const enrichment = enrichmentOf(state, state.fold, outputs.length === 0 ? NO_IDS : eventIds(outputs), false);
    return { kind: 'publish', report, shown, entry, late: false, beyond, newest: true, outputs, enrichment };
  }
  misplaced(state, entry, known, open());
  const isNewest = isSame(log.newest, entry);
  return {
    kind: 'publish',
    report,
    shown,
    entry,
    late: !isNewest,
    beyond,
    newest: isNewest,
    outputs: NOTHING,
    enrichment: null,
  };
}

const NOTHING: readonly Published[] = [];
const NO_DOUBTS: readonly Doubt[] = [];
const NO_IDS: readonly string[] = [];
const eventIds = (outputs: readonly Output[]): string[] =>
  outputs.filter(({ topic }) => topic === 'events').map(({ id }) => id);
const duplicate = (cause: DuplicateCause): Taken => ({ kind: 'duplicate', cause });

function bitsOf(report: TelemetryOutline, whole: Telemetry | null, profile: Profile): AlarmBits {
  const own = alarmBits(report);
  if (whole === null) return own;
  const mapped = inputBits(whole, profile.inputs);
  return { known: (own.known | mapped.known) >>> 0, on: (own.on | mapped.on) >>> 0 };
}

/** One step. */
function inOrder(state: DeviceState, entry: Entry, world: World): readonly Published[] {
  const before = state.fold;
  state.log.insert(entry, () => encodeFold(before));
  const out: Output[] = [];
  state.fold = fold(before, entry, world, out);
  if (!state.timed) return out.length === 0 ? NOTHING : out.map((output) => state.corrections.publish(output));
  // A timer has spoken for a gap that may not have been one.
  state.timed = false;
  const common = openOutputs(before, world);
  const said = lastOf(common, gapOutputs(before));
  return state.corrections.correct(said, lastOf(common, out), 'late_report', entry.timeUs);
}

/** Puts an entry in its place among older ones, and notes from where to fold again. */
function misplaced(state: DeviceState, entry: Entry, known: Entry | null, unsettled: Unsettled): void {
  const { log } = state;
  state.unsettled = true;
  const fromUs = Math.min(entry.timeUs, known?.timeUs ?? Infinity);
  let { base } = unsettled;
  if (base === null || fromUs <= base.upToUs)
    unsettled.base = base = log.checkpointBefore(fromUs) ?? { upToUs: fromUs - 1, state: encodeFold(state.fold) };
  const { state: start } = base;
  if (known !== null) {
    unsettled.cause = 'replaced_report';
    // Of an entry that came late itself in this batch the earlier folds knew nothing.
    if (!unsettled.late.has(entryKey(known))) unsettled.replaced.push(known);
    log.remove(known);
  }
  unsettled.late.add(entryKey(entry));
  log.insert(entry, () => start);
}

/** Folds again from the last kept state before what changed, as it was before the batch and as it is now, and says what differs. */
export function settle(state: DeviceState, unsettled: Unsettled, profile: Profile): Settled {
  const { world } = profile;
  const { late, replaced, base } = unsettled;
  if (base === null) return { outputs: NOTHING, enrichments: new Map(), doubts: new Map() };
  const start = decodeFold(base.state);
  const { entries, marks } = state.log.after(base.upToUs);
  const common = openOutputs(start, world);

  const before: Output[] = [];
  const kept = entries.filter((entry) => !late.has(entryKey(entry)));
  const old = replaced.length === 0 ? kept : [...kept, ...replaced].sort(compareEntries);
  let oldFold = start;
  for (const entry of old) oldFold = fold(oldFold, entry, world, before);
  // What is on by the state that was reached under former limits or fences, and would not be under those of now, was told too.
  const open = openOutputs(state.fold, world);
  const said = lastOf(open, common, before, state.timed ? gapOutputs(oldFold) : []);
  state.timed = false;

  const enrichments = new Map<number, Enrichment>();
  const doubts = new Map<number, readonly Doubt[]>();
  const after: Output[] = [];
  let next: FoldState = start;
  let mark = 0;
  for (const entry of entries) {
    for (; mark < marks.length && marks[mark]!.upToUs < entry.timeUs; mark++) marks[mark]!.set(encodeFold(next));
    const from = after.length;
    const previous = next;
    next = fold(next, entry, world, after);
    if (!late.has(entryKey(entry))) continue;
    const found = foldDoubtsOf(previous, entry, world.thresholds);
    if (found.length > 0) doubts.set(entryKey(entry), found);
    const events = eventIds(after.slice(from));
    enrichments.set(entryKey(entry), enrichmentOf(state, next, events, !isSame(state.log.newest, entry)));
  }
  for (; mark < marks.length; mark++) marks[mark]!.set(encodeFold(next));
  state.fold = next;
  const atUs = state.log.newest?.timeUs ?? 0;
  const outputs = state.corrections.correct(said, lastOf(common, after), unsettled.cause, atUs);
  state.unsettled = false;
  forget(state, atUs, world);
  return { outputs, enrichments, doubts };
}

/** What the timer says of a device that fell asleep; once. */
export function timeOut(state: DeviceState): Published[] {
  if (state.timed) return [];
  const outputs = gapOutputs(state.fold);
  if (outputs.length === 0) return [];
  state.timed = true;
  return outputs.map((output) => ({ ...state.corrections.publish(output), cause: 'timer' }));
}

function forget(state: DeviceState, newestUs: number, world: World): void {
  state.log.prune(newestUs);
  if (state.corrections.size > 0)
    state.corrections.prune(newestUs - 2 * HORIZON_US, lastOf(openOutputs(state.fold, world)));
}

/** What is published with a report, from the fold behind it. */
export function enrichmentOf(
  state: DeviceState,
  { track, motion, fences }: FoldState,
  eventIds: readonly string[],
  late: boolean,
): Enrichment {
  const { trip, stop } = motion;
  const { online, onlineSinceUs, lastSeenUs } = state.liveness.state;
  const moving = trip !== null && trip.endedUs === null;
  return {
    geofences:
      fences.length === 0
        ? NO_FENCES
        : fences.filter(({ entered }) => entered).map(({ id, name, version }) => ({ id, name, version })),
    trip: trip === null ? null : { id: tripId(trip), state: moving ? 'open' : 'provisional' },
    motion:
      trip !== null && moving
        ? { state: 'moving', since: trip.start.atUs }
        : stop === null
          ? null
          : { state: 'stopped', since: stop.start.atUs },
    odometer: track.odometerKm ?? track.distanceKm,
    engine_hours: track.engineHours ?? track.ignitionS / 3600,
    event_ids: eventIds,
    late,
    late_beyond_horizon: false,
    online,
    online_since: online === null ? null : onlineSinceUs,
    last_seen_at: lastSeenUs === 0 ? null : lastSeenUs,
  };
}

const NO_FENCES: Enrichment['geofences'] = [];

/** Of a report that is not folded nothing is known but the device's presence. */
function unfolded(state: DeviceState, beyond: boolean): Enrichment {
  return {
    ...enrichmentOf(state, START, [], false),
    odometer: null,
    engine_hours: null,
    late_beyond_horizon: beyond,
  };
}

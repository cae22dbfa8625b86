/** The fold's state as bytes: Avro without a schema in front, about 200 bytes. The state record's format says which version it is. */
import avsc from 'avsc';
import type { FoldState } from './state.js';

type Defined = avsc.schema.DefinedType;
type Schema = avsc.schema.AvroSchema;
type Field = readonly [name: string, type: Schema];
const record = (name: string, fields: readonly Field[]): Defined => ({
  type: 'record',
  name,
  fields: fields.map(([field, type]) => ({ name: field, type })),
});
const orNull = (type: Defined): Schema => ['null', type];
const listOf = (items: Defined): Defined => ({ type: 'array', items });

const MARK = record('Mark', [
  ['atUs', 'long'],
  ['idHigh', 'long'],
  ['idLow', 'long'],
  ['latitude', orNull('double')],
  ['longitude', orNull('double')],
  ['distanceKm', 'double'],
  ['odometerKm', orNull('double')],
  ['fuelLevel', orNull('double')],
  ['fuelUsed', orNull('double')],
  ['engineHours', orNull('double')],
]);
const FIX = record('Fix', [
  ['latitude', 'double'],
  ['longitude', 'double'],
  ['atUs', 'long'],
  ['speed', orNull('double')],
  ['heading', orNull('double')],
]);
const TRACK = record('Track', [
  ['lastUs', 'long'],
  ['fix', orNull(FIX)],
  ['counted', orNull('Fix')],
  ['distanceKm', 'double'],
  ['odometerKm', orNull('double')],
  ['driver', orNull('string')],
  ['fuelLevel', orNull('double')],
  ['fuelUsed', orNull('double')],
  ['engineHours', orNull('double')],
  ['ignitionS', 'double'],
  ['ignition', orNull('boolean')],
  ['ignitionSinceUs', 'long'],
]);
const TRIP = record('Trip', [
  ['start', 'Mark'],
  ['last', 'Mark'],
  ['rest', orNull('Mark')],
  ['stillUs', orNull('long')],
  ['endedUs', orNull('long')],
  ['maxSpeed', orNull('double')],
  ['idleS', 'double'],
  ['idleSinceS', 'double'],
  ['countLast', 'int'],
  ['count', 'int'],
  ['odometerSane', 'boolean'],
  ['odometerWhole', 'boolean'],
  ['driver', orNull('string')],
  ['revision', 'int'],
  ['shownUs', 'long'],
]);
const STOP = record('Stop', [
  ['start', 'Mark'],
  ['idleS', 'double'],
  ['count', 'int'],
  ['gap', 'boolean'],
]);
const MOTION = record('Motion', [
  ['anchor', orNull('Fix')],
  ['anchorOdometerKm', orNull('double')],
  ['informedUs', 'long'],
  ['pending', orNull(MARK)],
  ['pendingUs', 'long'],
  ['pendingSpeed', orNull('double')],
  ['pendingCount', 'int'],
  ['trip', orNull(TRIP)],
  ['stop', orNull(STOP)],
]);
const SPAN = record('Span', [
  ['start', 'Mark'],
  ['active', 'boolean'],
  ['peak', 'double'],
  ['shown', 'double'],
  ['limit', 'double'],
  ['underUs', orNull('long')],
  ['revision', 'int'],
]);
const LEVEL = record('Level', [
  ['code', 'int'],
  ['start', 'Mark'],
  ['value', 'double'],
  ['revision', 'int'],
]);
const EVENTS = record('Events', [
  ['idle', orNull(SPAN)],
  ['overspeed', orNull('Span')],
  ['harsh', listOf(LEVEL)],
  ['alarmsOn', 'long'],
  ['alarms', listOf('Level')],
]);
const VISIT = record('FenceVisit', [
  ['id', 'string'],
  ['name', 'string'],
  ['version', 'long'],
  ['entered', 'boolean'],
  ['start', 'Mark'],
  ['last', 'Mark'],
  ['left', orNull('Mark')],
  ['fixes', 'int'],
  ['dwelt', 'boolean'],
  ['count', 'int'],
]);
/** The Avro type of a FoldState, for records that hold one. */
export const FOLD_TYPE = avsc.Type.forSchema(
  record('FoldState', [
    ['track', TRACK],
    ['motion', MOTION],
    ['events', EVENTS],
    ['fences', listOf(VISIT)],
  ]),
  { wrapUnions: 'never' },
);

/** A buffer of its own, not a slice of a shared one. */
export function encodeFold(state: FoldState): Buffer {
  return FOLD_TYPE.toBuffer(state);
}

/** Reads what encodeFold wrote. Throws on anything else. */
export function decodeFold(bytes: Buffer): FoldState {
  // The type is the one above, which has the fields of FoldState.
  return FOLD_TYPE.fromBuffer(bytes) as FoldState;
}

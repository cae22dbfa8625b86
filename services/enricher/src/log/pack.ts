/**
 * Entries as bytes: each as its difference to the one before it, in the order in which they were taken. About 23 bytes a report
 * with position, speed, heading, satellites and odometer, of which 8 are its identity.
 *
 *   entry    flags (u16), message id (8 bytes), time, then what the flags name, in the order of FLAG
 *   numbers  variable length, 7 bits a byte, low ones first; differences are zigzag-coded
 *   extras   a byte of EXTRA flags, then what they name; driver, known alarms and protocol hold until they change
 */
import { EPOCH_US, type Reader, type Writer } from '../store/bytes.js';
import { DRIVER_BYTES_MAX, type Entry } from './entry.js';

const FLAG = {
  microseconds: 1,
  position: 2,
  speed: 4,
  heading: 8,
  ignitionKnown: 16,
  ignitionOn: 32,
  satellites: 64,
  hdop: 128,
  accuracy: 256,
  odometer: 512,
  hidden: 1024,
  sequence: 2048,
  extras: 4096,
  revision: 8192,
  protocol: 16384,
} as const;
const EXTRA = { driver: 1, fuelLevel: 2, fuelUsed: 4, engineHours: 8, alarmsKnown: 16, alarmsOn: 32 } as const;

/** No entry is longer: flags, id, fourteen numbers, a driver, and four single bytes. */
export const ENTRY_BYTES_MAX = 2 + 8 + 14 * 8 + 1 + DRIVER_BYTES_MAX + 4;

/** The last values, in steps of their resolution: what the next entry is told against. */
export interface Context {
  time: number;
  sequence: number;
  latitude: number;
  longitude: number;
  speed: number;
  heading: number;
  odometer: number;
  fuelLevel: number;
  fuelUsed: number;
  engineHours: number;
  driver: string | null;
  alarmsKnown: number;
  protocol: number;
}
export const fresh = (): Context => ({
  time: 0,
  sequence: 0,
  latitude: 0,
  longitude: 0,
  speed: 0,
  heading: 0,
  odometer: 0,
  fuelLevel: 0,
  fuelUsed: 0,
  engineHours: 0,
  driver: null,
  alarmsKnown: 0,
  protocol: 0,
});

const steps = (value: number, perUnit: number): number => Math.round(value * perUnit);
const SECOND = 1_000_000;

/** Where bytes are written; `at` is the next. */
export interface Out {
  bytes: Buffer;
  at: number;
}

function putUnsigned(out: Out, value: number): void {
  let rest = value;
  while (rest >= 2 ** 31) {
    out.bytes[out.at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    out.bytes[out.at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out.bytes[out.at++] = rest;
}
const putSigned = (out: Out, value: number): void => putUnsigned(out, value < 0 ? -2 * value - 1 : 2 * value);

function putWord(out: Out, value: number): void {
  const { bytes, at } = out;
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  out.at = at + 4;
}

/** Writes `entry` behind `context`, which then stands at it. */
export function put(out: Out, entry: Entry, context: Context): void {
  const start = out.at;
  out.at += 2;
  putWord(out, entry.idHigh);
  putWord(out, entry.idLow);
  let flags = 0;
  const difference = entry.timeUs - context.time;
  const whole = difference % SECOND === 0;
  if (!whole) flags |= FLAG.microseconds;
  putSigned(out, whole ? difference / SECOND : difference);
  context.time = entry.timeUs;
  if (entry.latitude !== null && entry.longitude !== null) {
    flags |= FLAG.position;
    const [latitude, longitude] = [steps(entry.latitude, 1e6), steps(entry.longitude, 1e6)];
    putSigned(out, latitude - context.latitude);
    putSigned(out, longitude - context.longitude);
    context.latitude = latitude;
    context.longitude = longitude;
  }
  if (entry.speed !== null) {
    flags |= FLAG.speed;
    const speed = steps(entry.speed, 10);
    putSigned(out, speed - context.speed);
    context.speed = speed;
  }
  if (entry.heading !== null) {
    flags |= FLAG.heading;
    putSigned(out, entry.heading - context.heading);
    context.heading = entry.heading;
  }
  if (entry.ignition !== null) flags |= FLAG.ignitionKnown | (entry.ignition ? FLAG.ignitionOn : 0);
  if (entry.satellites !== null) {
    flags |= FLAG.satellites;
    out.bytes[out.at++] = entry.satellites;
  }
  if (entry.hdop !== null) {
    flags |= FLAG.hdop;
    putSigned(out, steps(entry.hdop, 10));
  }
  if (entry.accuracy !== null) {
    flags |= FLAG.accuracy;
    putSigned(out, entry.accuracy);
  }
  if (entry.odometerKm !== null) {
    flags |= FLAG.odometer;
    const odometer = steps(entry.odometerKm, 1000);
    putSigned(out, odometer - context.odometer);
    context.odometer = odometer;
  }
  if (entry.hidden) flags |= FLAG.hidden;
  if (entry.sequence !== 0) {
    flags |= FLAG.sequence;
    putSigned(out, entry.sequence - context.sequence);
    context.sequence = entry.sequence;
  }
  if (putExtras(out, entry, context)) flags |= FLAG.extras;
  if (entry.revision > 0) {
    flags |= FLAG.revision;
    out.bytes[out.at++] = entry.revision;
  }
  if (entry.protocol !== context.protocol) {
    flags |= FLAG.protocol;
    out.bytes[out.at++] = entry.protocol;
    context.protocol = entry.protocol;
  }
  out.bytes[start] = flags >>> 8;
  out.bytes[start + 1] = flags;
}

function putExtras(out: Out, entry: Entry, context: Context): boolean {
  const start = out.at++;
  let extras = 0;
  if (entry.driver !== context.driver) {
    extras |= EXTRA.driver;
    const text = Buffer.from(entry.driver ?? '', 'utf8');
    out.bytes[out.at++] = text.length;
    text.copy(out.bytes, out.at);
    out.at += text.length;
    context.driver = entry.driver;
  }
  if (entry.fuelLevel !== null) {
    extras |= EXTRA.fuelLevel;
    const level = steps(entry.fuelLevel, 10);
    putSigned(out, level - context.fuelLevel);
    context.fuelLevel = level;
  }
  if (entry.fuelUsed !== null) {
    extras |= EXTRA.fuelUsed;
    const used = steps(entry.fuelUsed, 10);
    putSigned(out, used - context.fuelUsed);
    context.fuelUsed = used;
  }
  if (entry.engineHours !== null) {
    extras |= EXTRA.engineHours;
    const seconds = steps(entry.engineHours, 3600);
    putSigned(out, seconds - context.engineHours);
    context.engineHours = seconds;
  }
  if (entry.alarmsKnown !== context.alarmsKnown) {
    extras |= EXTRA.alarmsKnown;
    putUnsigned(out, entry.alarmsKnown);
    context.alarmsKnown = entry.alarmsKnown;
  }
  if (entry.alarmsOn !== 0) {
    extras |= EXTRA.alarmsOn;
    putUnsigned(out, entry.alarmsOn);
  }
  if (extras === 0) {
    out.at = start;
    return false;
  }
  out.bytes[start] = extras;
  return true;
}

interface In {
  readonly bytes: Buffer;
  at: number;
}
function takeUnsigned(input: In): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = input.bytes[input.at++]!;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
}
function takeSigned(input: In): number {
  const value = takeUnsigned(input);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function take(input: In, context: Context): Entry {
  const flags = input.bytes.readUInt16BE(input.at);
  const idHigh = input.bytes.readUInt32BE(input.at + 2);
  const idLow = input.bytes.readUInt32BE(input.at + 6);
  input.at += 10;
  context.time += takeSigned(input) * ((flags & FLAG.microseconds) === 0 ? SECOND : 1);
  const position = (flags & FLAG.position) !== 0;
  if (position) {
    context.latitude += takeSigned(input);
    context.longitude += takeSigned(input);
  }
  const speed = (flags & FLAG.speed) !== 0 ? (context.speed += takeSigned(input)) / 10 : null;
  const heading = (flags & FLAG.heading) !== 0 ? (context.heading += takeSigned(input)) : null;
  const ignition = (flags & FLAG.ignitionKnown) !== 0 ? (flags & FLAG.ignitionOn) !== 0 : null;
  const satellites = (flags & FLAG.satellites) !== 0 ? input.bytes[input.at++]! : null;
  const hdop = (flags & FLAG.hdop) !== 0 ? takeSigned(input) / 10 : null;
  const accuracy = (flags & FLAG.accuracy) !== 0 ? takeSigned(input) : null;
  const odometerKm = (flags & FLAG.odometer) !== 0 ? (context.odometer += takeSigned(input)) / 1000 : null;
  const sequence = (flags & FLAG.sequence) !== 0 ? (context.sequence += takeSigned(input)) : 0;
  const extras = (flags & FLAG.extras) !== 0 ? input.bytes[input.at++]! : 0;
  if ((extras & EXTRA.driver) !== 0) {
    const length = input.bytes[input.at++]!;
    context.driver = length === 0 ? null : input.bytes.toString('utf8', input.at, input.at + length);
    input.at += length;
  }
  const fuelLevel = (extras & EXTRA.fuelLevel) !== 0 ? (context.fuelLevel += takeSigned(input)) / 10 : null;
  const fuelUsed = (extras & EXTRA.fuelUsed) !== 0 ? (context.fuelUsed += takeSigned(input)) / 10 : null;
  const engineHours = (extras & EXTRA.engineHours) !== 0 ? (context.engineHours += takeSigned(input)) / 3600 : null;
  if ((extras & EXTRA.alarmsKnown) !== 0) context.alarmsKnown = takeUnsigned(input);
  const alarmsOn = (extras & EXTRA.alarmsOn) !== 0 ? takeUnsigned(input) : 0;
  const revision = (flags & FLAG.revision) !== 0 ? input.bytes[input.at++]! : 0;
  if ((flags & FLAG.protocol) !== 0) context.protocol = input.bytes[input.at++]!;
  return {
    timeUs: context.time,
    sequence,
    idHigh,
    idLow,
    revision,
    latitude: position ? context.latitude / 1e6 : null,
    longitude: position ? context.longitude / 1e6 : null,
    speed,
    heading,
    ignition,
    satellites,
    hdop,
    accuracy,
    odometerKm,
    hidden: (flags & FLAG.hidden) !== 0,
    driver: context.driver,
    fuelLevel,
    fuelUsed,
    engineHours,
    alarmsKnown: context.alarmsKnown,
    alarmsOn,
    protocol: context.protocol,
  };
}

/** Bytes of a context at most, and of a count. */
export const CONTEXT_ROOM = 13 * 10 + 3 * DRIVER_BYTES_MAX;

/** Where a segment stands, so that it goes on without being read. */
export function putContext(out: Writer, context: Context): void {
  out.time(context.time, EPOCH_US);
  out.signed(context.sequence);
  out.signed(context.latitude);
  out.signed(context.longitude);
  out.signed(context.speed);
  out.signed(context.heading);
  out.signed(context.odometer);
  out.signed(context.fuelLevel);
  out.signed(context.fuelUsed);
  out.signed(context.engineHours);
  out.text(context.driver);
  out.room(CONTEXT_ROOM);
  out.unsigned(context.alarmsKnown);
  out.byte(context.protocol);
}

export function takeContext(from: Reader): Context {
  return {
    time: from.time(EPOCH_US)!,
    sequence: from.signed(),
    latitude: from.signed(),
    longitude: from.signed(),
    speed: from.signed(),
    heading: from.signed(),
    odometer: from.signed(),
    fuelLevel: from.signed(),
    fuelUsed: from.signed(),
    engineHours: from.signed(),
    driver: from.text(),
    alarmsKnown: from.unsigned(),
    protocol: from.byte(),
  };
}

/** All entries of `bytes`, from where `context` stands. */
export function walk(bytes: Buffer, context: Context, visit: (entry: Entry) => void): void {
  const input: In = { bytes, at: 0 };
  while (input.at < bytes.length) visit(take(input, context));
}

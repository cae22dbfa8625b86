/** Additional items of a location: id u8, length u8, value. A row an id; what has no row, or another length, is kept raw as hex. */
import { NO_MAP, type Report } from '../catalogue/report.generated.js';
import { addQuality, flagSetter, numberSetter, stringSetter } from '../catalogue/set.js';
import { hex, u16, u32 } from '../wire/reader.js';

type Read = (report: Report, b: Uint8Array, at: number, length: number) => void;
interface Row {
  readonly id: number;
  /** Lengths that the standard knows. */
  readonly lengths: readonly number[];
  readonly read: Read;
}

/** A number: bytes, divisor to the unit of the name. */
const number = (id: number, length: 1 | 2 | 4, name: string, divisor = 1): Row => {
  const set = numberSetter(name);
  const raw = length === 1 ? (b: Uint8Array, at: number) => b[at]! : length === 2 ? u16 : u32;
  return { id, lengths: [length], read: (report, b, at) => set(report, raw(b, at) / divisor) };
};

const setCabin = numberSetter('cabin.temperature');
const setDeepSleep = flagSetter('deep.sleep.mode.status');
const setAin = [numberSetter('ain.raw.1'), numberSetter('ain.raw.2')] as const;
const TYRES = Array.from({ length: 30 }, (_, i) => numberSetter(`tyre.pressure.raw.${i + 1}`));
const overspeed = ['type', 'id'].map((part) => numberSetter(`overspeeding.area.${part}`));
const area = ['type', 'id', 'direction'].map((part) => numberSetter(`area.${part}`));
const segment = ['id', 'time', 'result'].map((part) => numberSetter(`segment.${part}`));
const setLights = numberSetter('signal.bitmask');
/** Bits of item 25, from bit 0. */
const LIGHTS = [
  'low.beam',
  'high.beam',
  'right.turn',
  'left.turn',
  'brake',
  'reverse.gear',
  'fog.lights',
  'side.lights',
  'horn',
  'air.conditioning',
  'neutral.gear',
  'retarder',
  'abs',
  'heater',
  'clutch',
].map((name) => flagSetter(`${name}.status`));

/** Source: JT/T 808, table of additional items (2011, 2013, 2019). No item of E0–FF is known of SinoTrack. */
const ROWS: readonly Row[] = [
  // The items that devices on the road send in every report have code of their own: a setter that all share costs ten times as much.
  {
    id: 0x01, // 0.1 km
    lengths: [4],
    read: (report, b, at) => {
      report.vehicle_mileage = u32(b, at) / 10;
    },
  },
  number(0x02, 2, 'fuel.volume', 10), // l
  number(0x03, 2, 'recorder.speed', 10), // km/h
  number(0x04, 2, 'event.confirmation.id'),
  {
    id: 0x05, // one byte a wheel, FF: none (2019)
    lengths: [30],
    read: (report, b, at) => TYRES.forEach((set, i) => b[at + i] !== 0xff && set(report, b[at + i]!)),
  },
  {
    id: 0x06, // °C, bit 15 is the sign (2019)
    lengths: [2],
    read: (report, b, at) => {
      const degrees = u16(b, at) & 0x7fff;
      setCabin(report, b[at]! > 0x7f && degrees > 0 ? -degrees : degrees);
    },
  },
  {
    id: 0x11, // place of the speeding: 0 none, else its id follows
    lengths: [1, 5],
    read: (report, b, at, length) => {
      overspeed[0]!(report, b[at]!);
      if (length === 5) overspeed[1]!(report, u32(b, at + 1));
    },
  },
  {
    id: 0x12,
    lengths: [6],
    read: (report, b, at) => {
      area[0]!(report, b[at]!);
      area[1]!(report, u32(b, at + 1));
      area[2]!(report, b[at + 5]!);
    },
  },
  {
    id: 0x13,
    lengths: [7],
    read: (report, b, at) => {
      segment[0]!(report, u32(b, at));
      segment[1]!(report, u16(b, at + 4));
      segment[2]!(report, b[at + 6]!);
    },
  },
  {
    id: 0x25,
    lengths: [4],
    read: (report, b, at) => {
      const bits = u32(b, at);
      setLights(report, bits);
      LIGHTS.forEach((set, bit) => set(report, (bits & (1 << bit)) !== 0));
    },
  },
  {
    id: 0x2a,
    lengths: [2],
    read: (report, b, at) => {
      setDeepSleep(report, (b[at + 1]! & 1) !== 0);
      report.sleep_mode_status = (b[at + 1]! & 2) !== 0;
    },
  },
  {
    id: 0x2b, // counts of the converter: the standard gives no unit
    lengths: [4],
    read: (report, b, at) => {
      setAin[0](report, u16(b, at + 2));
      setAin[1](report, u16(b, at));
    },
  },
  {
    id: 0x30, // 0–31, 99 unknown
    lengths: [1],
    read: (report, b, at) => {
      if (report.numbers === NO_MAP) report.numbers = {};
      report.numbers['gsm.csq'] = b[at]!;
    },
  },
  {
    id: 0x31,
    lengths: [1],
    read: (report, b, at) => {
      report.position_satellites = b[at]!;
    },
  },
];

const BY_ID: (Row | undefined)[] = Array.from({ length: 256 }, (_, id) => ROWS.find((row) => row.id === id));
const SET_RAW = Array.from({ length: 256 }, (_, id) =>
  stringSetter(`additional.item.${id.toString(16).padStart(2, '0')}`),
);

/** Reads items until the end, an id of 0, or an item that runs over the end: what came before it stands. */
export function readItems(report: Report, b: Uint8Array, from: number, to: number): void {
  let at = from;
  while (at + 2 <= to) {
    const id = b[at]!;
    const length = b[at + 1]!;
    if (id === 0) return;
    if (at + 2 + length > to) break;
    const row = BY_ID[id];
    if (row !== undefined && (row.lengths[0] === length || row.lengths.includes(length)))
      row.read(report, b, at + 2, length);
    else SET_RAW[id]!(report, hex(b, at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (at < to) addQuality(report, 'items_truncated');
}

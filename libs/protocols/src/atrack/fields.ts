/** Field table: position, device, network, inputs, outputs, sensors, events. Vendor's field list, 2012 to 2019 generations. */
import { flagSetter, numberSetter, stringSetter } from '../catalogue/set.js';
import { NO_MAP } from '../catalogue/report.generated.js';
import { applyBeacons } from './ble.js';
import { type Draft, TEMPERATURE_ABSENT, writeDriver } from './draft.js';
import { type Field, absent, conv, draft, flag, guessed, num, text, vendor } from './field.js';
import { applyPeak, applySamples } from './gforce.js';
import { TIME_MIN_S } from './time.js';

const GSM_STATES = [
  'GSM off',
  'GSM on',
  'initialising',
  'ready',
  'GPRS disconnecting',
  'GPRS deactivated',
  'GPRS connecting',
  'GPRS activated',
  'connecting to host',
  'connected to host',
] as const;

const setStateNumber = numberSetter('gsm.state.enum');
const setStateText = stringSetter('gsm.state.enum.description');
const setOperator = stringSetter('gsm.operator.code');
const setTemperature = numberSetter('sensor.temperature.1');
const setHumidity = numberSetter('sensor.humidity.1');
const setImsi = stringSetter('gsm.sim.imsi');
const setHtText = stringSetter('atrack.HT');
const setFix = flagSetter('gnss.fix.status');
const setAntenna = flagSetter('gnss.antenna.status');
const setShort = flagSetter('gnss.antenna.short.circuit.status');
const setNoSignal = flagSetter('gnss.antenna.signal.timeout.status');
const setReceiver = flagSetter('gnss.status');

/** CSQ 0 to 31 in per cent; NaN above. */
export const signalLevel = (csq: number): number => (csq <= 31 ? Math.round((csq * 100) / 31) : absent());

/** Antenna bits of `%SS` and `$INFO`: 0 disconnected, 1 short circuit, 2 no reception, 3 receiver off. */
export const antenna: NonNullable<Field['number']> = (bits, r) => {
  setAntenna(r, (bits & 1) === 0);
  setShort(r, (bits & 2) !== 0);
  setNoSignal(r, (bits & 4) !== 0);
  setReceiver(r, (bits & 8) === 0);
};

/**
 * MCC and MNC as one decimal number. The country has three digits and the network the other two or three: 25002 is 250 and 02, 310260
 * is 310 and 260. So it is taken apart as text.
 */
function operator(digits: string): Field['text'] {
  return (_, r) => {
    setOperator(r, digits);
    r.gsm_mcc = Number(digits.slice(0, 3));
    r.gsm_mnc = Number(digits.slice(3));
  };
}
const operatorNumber: NonNullable<Field['number']> = (raw, r, d) => {
  const digits = String(raw).padStart(5, '0');
  if (raw > 0 && digits.length <= 6) operator(digits)!('', r, d);
};

const TEMPERATURE = /\bT(?:emp)?(?:erature)?\s*[:=]\s*([-+]?\d+(?:\.\d+)?)/i;
const HUMIDITY = /\bH(?:um)?(?:idity)?\s*[:=]\s*([-+]?\d+(?:\.\d+)?)/i;

/** Text of a humidity and temperature sensor: `T:23.5 H:45.2`, `Device:Fail`. */
const humidity: NonNullable<Field['text']> = (value, r) => {
  if (value === '') return;
  setHtText(r, value);
  const t = TEMPERATURE.exec(value);
  if (t !== null) setTemperature(r, Number(t[1]));
  const h = HUMIDITY.exec(value);
  if (h !== null) setHumidity(r, Number(h[1]));
};

const IMSI_DIGITS = 15;
const I32_MAX = 2_147_483_647;
const TWO_32 = 4_294_967_296;

/** A time that was never set says nothing, so the fixed part's stands. */
function time(code: string, put: (seconds: number, d: Draft) => void): Field {
  return draft(code, 'time', 's', (raw, _, d) => {
    if (raw >= TIME_MIN_S) put(raw, d);
  });
}

export const FIELDS: readonly Field[] = [
  // The format string itself.
  { code: 'CI', width: 'str', text: (value, _, d) => void (d.inline = value) },
  // Unit id: the header has it.
  { code: 'UI', width: 'u64', text: () => undefined },

  // Overrides of the fixed part.
  draft('LA', 'i32', '1e-6 deg', (raw, _, d) => void (d.latitude = raw), 1e6),
  draft('LG', 'i32', '1e-6 deg', (raw, _, d) => void (d.longitude = raw), 1e6),
  draft('HD', 'u16', 'deg', (raw, _, d) => void (d.heading = raw)),
  draft('HP', 'u16', '0.1', (raw, _, d) => void (d.hdop = raw), 10),
  draft('VS', 'u16', 'km/h', (raw, _, d) => void (d.speed = raw)),
  draft('OD', 'u32', '0.1 km', (raw, _, d) => void (d.odometer = raw), 10),
  draft('RD', 'u8', '1', (raw, _, d) => void (d.reason = raw)),
  draft('IN', 'u8', 'mask', (raw, _, d) => void (d.inputs = raw)),
  draft('OP', 'u8', 'mask', (raw, _, d) => void (d.outputs = raw)),
  time('GT', (seconds, d) => void (d.gps = seconds)),
  time('RT', (seconds, d) => void (d.rtc = seconds)),
  time('ST', (seconds, d) => void (d.send = seconds)),

  // Position.
  draft('SA', 'u8', '1', (raw, _, d) => void (d.satellites = raw)),
  draft('GP', 'u8', '1', (raw, _, d) => void (d.gpsStatus = raw)),
  {
    code: 'SF',
    width: 'u8',
    unit: 'flag',
    number: (raw, r, d) => {
      d.fix = raw;
      setFix(r, raw > 0);
    },
  },
  { code: 'SS', width: 'u8', unit: 'mask', number: antenna },
  // The vendor writes unsigned; below sea level it can only be two's complement, and ASCII may show it as it is stored.
  {
    ...draft('AT', 'i32', 'm', (raw, r) => void (r.position_altitude = raw > I32_MAX ? raw - TWO_32 : raw)),
    asciiHigh: TWO_32 - 1,
  },
  num('SM', 'u16', 'segment.max.position.speed', 1, 'km/h'),

  // Power.
  num('MV', 'u16', 'external.powersource.voltage', 10, 'V'),
  num('BV', 'u16', 'backup.battery.voltage', 10, 'V'),
  guessed('BP', 'u8', 'external.powersource.level', 1, '%'),
  flag('BL', 'battery.low.status'),
  flag('PL', 'main.power.low.status'),
  // 1: main power lost.
  flag('PS', 'external.powersource.status', true),

  // Network.
  conv('GQ', 'u8', 'gsm.signal.level', '%', signalLevel),
  // 0 is what 3G and 4G units send.
  conv('RL', 'u8', 'gsm.signal.dbm', 'dBm', (raw) => (raw > 0 && raw <= 63 ? raw - 110 : absent())),
  guessed('GR', 'i16', 'network.signal.rsrp', 1, 'dBm'),
  conv('CE', 'cell', 'gsm.cellid', '1', (raw) => (raw === 0 ? absent() : raw)),
  conv('LC', 'u16', 'gsm.lac', '1', (raw) => (raw === 0 ? absent() : raw)),
  { code: 'CN', width: 'u32', number: operatorNumber },
  { ...text('NC', 'atrack.NC'), commas: true },
  {
    code: 'GS',
    width: 'u8',
    number: (raw, r) => {
      setStateNumber(r, raw);
      // Newer units alternate 9 and 10 while they drive, so from 10 on the words would be wrong.
      const words = GSM_STATES[raw];
      if (words !== undefined) setStateText(r, words);
    },
  },
  flag('CR', 'gsm.home.network.event'),
  flag('RO', 'gsm.roaming.network.event'),
  flag('PF', 'gsm.preferred.network.status'),
  flag('JD', 'gsm.jamming.event'),
  flag('CG', 'gprs.status'),
  flag('CS', 'server.connection.status'),
  guessed('SR', 'u8', 'sim.card.state', 1, '1'),
  text('CD', 'gsm.sim.iccid'),
  {
    code: 'CM',
    width: 'u64',
    text: (value, r) => {
      if (/^[0-9]+$/.test(value) && !/^0+$/.test(value)) setImsi(r, value.padStart(IMSI_DIGITS, '0'));
    },
  },
  {
    code: 'ME',
    width: 'u64',
    text: (value, r) => {
      if (value === '' || /^0+$/.test(value)) return;
      if (r.strings === NO_MAP) r.strings = {};
      r.strings['atrack.ME'] = value;
    },
  },
  text('MA', 'wifi.mac.address'),
  flag('BT', 'bluetooth.connected.status'),
  flag('DT', 'message.buffered.status'),
  { ...text('GL', 'atrack.GL'), commas: true },
  { code: 'BC', width: 'unknown', text: applyBeacons },
  { ...text('TM', 'atrack.TM'), width: 'unknown' },

  // Sensors and counters.
  { code: 'HT', width: 'str', guess: true, text: humidity },
  num('PC', 'u32', 'counter.impulses', 1, '1'),
  flag('FU', 'fuel.sensor.status'),
  { code: 'DD', width: 'str', guess: true, text: (value, r) => writeDriver(value, r) },

  // Events and driving.
  {
    code: 'EG',
    width: 'u8',
    unit: 'flag',
    number: (raw, _, d) => {
      if (raw === 0 || raw === 1) d.ignition = raw;
    },
  },
  flag('MT', 'movement.status'),
  flag('DL', 'idle.status'),
  flag('SD', 'overspeeding.status'),
  flag('TW', 'towing.event'),
  flag('IP', 'impact.event'),
  flag('HA', 'harsh.acceleration.event'),
  flag('HB', 'harsh.braking.event'),
  flag('HC', 'harsh.cornering.event'),
  flag('PK', 'autogeofence.status'),
  guessed('TL', 'u16', 'tilt.angle', 1, 'deg'),
  guessed('JF', 'u16', 'total.acceleration', 1, '1'),
  ...['SP', 'VR', 'VA', 'VM', 'TO'].map((code) => flag(code, `atrack.${code}`)),
  { ...vendor('TD', 'hex6'), bytes: undefinedBytes() },

  // G-force.
  { code: 'GV', width: 'hex6', bytes: applyPeak },
  { code: 'GN', width: 'hex60', bytes: applySamples },
];

/** `%TD`: six bytes that no document explains, kept as hex. */
function undefinedBytes(): NonNullable<Field['bytes']> {
  const set = stringSetter('atrack.TD');
  return (b, at, r) => {
    let hex = '';
    for (let i = at; i < at + 6; i++) hex += b[i]!.toString(16).padStart(2, '0').toUpperCase();
    set(r, hex);
  };
}

const INPUTS_MAX = 31;

/** Sets or clears one bit of the input mask; input 0 is the ignition wire as well. */
function input(code: string, bit: number): Field {
  return {
    code,
    width: 'u8',
    unit: 'flag',
    number: (raw, _, d) => {
      if (raw !== 0 && raw !== 1) return;
      if (bit === 0) d.input0 = raw;
      if (raw === 1) d.bitsSet |= 1 << bit;
      else d.bitsCleared |= 1 << bit;
    },
  };
}
function output(code: string, bit: number): Field {
  return {
    code,
    width: 'u8',
    unit: 'flag',
    number: (raw, _, d) => {
      if (raw === 1) d.outputsSet |= 1 << bit;
      else if (raw === 0) d.outputsCleared |= 1 << bit;
    },
  };
}

/** Fields that a device has several of: the code's number, or 1 without one. Null: not such a code. */
export function numberedField(code: string): Field | null {
  const letters = code.slice(0, 2);
  const numbered = code.length > 2;
  const n = numbered ? Number(code.slice(2)) : 1;
  switch (letters) {
    case 'IN':
      return n <= INPUTS_MAX ? input(code, n) : null;
    case 'OP':
      return n >= 1 && n <= INPUTS_MAX ? output(code, n - 1) : null;
    case 'AI':
    case 'AV':
      return num(code, 'u16', `ain.${n}`, 1000, 'V');
    case 'AN':
    case 'AG':
      return flag(code, `ain.voltage.high.status.${n}`);
    case 'TP': {
      return conv(code, 'i16', `sensor.temperature.${n}`, '°C', (raw) =>
        raw === TEMPERATURE_ABSENT ? absent() : raw / 10,
      );
    }
    case 'GF':
      return flag(code, `geofence.status.${n}`);
    case 'SE':
      return numbered ? flag(code, `atrack.${code}`) : null;
    default:
      return null;
  }
}

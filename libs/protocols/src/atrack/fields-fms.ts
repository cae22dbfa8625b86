/**
 * Field table: J1939 / FMS. The letter behind J gives the width. Scales are the FMS standard's, bit layouts those of the parameter
 * group that a field evidently copies. Not available: FE and FF in a byte, from FE00 in a word, from FE000000 in a long; of a two-bit
 * field 2 is an error and 3 not available.
 */
import { flagSetter, numberSetter } from '../catalogue/set.js';
import type { Report } from '../catalogue/report.generated.js';
import { type Field, type Width, text, vendor } from './field.js';

const BYTE_LAST = 0xfd;
const WORD_LAST = 0xfdff;
const LONG_LAST = 0xfdffffff;

type Bits = (raw: number, r: Report) => void;

/** Two bits as a boolean. */
function twoBits(shift: number, name: string): Bits {
  const set = flagSetter(name);
  return (raw, r) => {
    const bits = (raw >> shift) & 3;
    if (bits < 2) set(r, bits === 1);
  };
}
/** Two bits as a number. */
function twoBitsNumber(shift: number, name: string): Bits {
  const set = numberSetter(name);
  return (raw, r) => {
    const bits = (raw >> shift) & 3;
    if (bits < 2) set(r, bits);
  };
}
/** A state number, whose last values mean error and not available, as the parameter's description says. */
function state(shift: number, mask: number, name: string): Bits {
  const set = numberSetter(name);
  return (raw, r) => set(r, (raw >> shift) & mask);
}

function byte(code: string, ...parts: readonly Bits[]): Field {
  return {
    code,
    width: 'u8',
    unit: 'bits',
    number: (raw, r) => {
      if (raw > BYTE_LAST) return;
      for (const part of parts) part(raw, r);
    },
  };
}
function scaled(
  code: string,
  width: Width,
  last: number,
  name: string,
  unit: string,
  convert: (raw: number) => number,
): Field {
  const set = numberSetter(name);
  return {
    code,
    width,
    unit,
    number: (raw, r) => {
      if (raw <= last) set(r, convert(raw));
    },
  };
}
const level = (code: string, name: string, unit: string, convert: (raw: number) => number): Field =>
  scaled(code, 'u8', BYTE_LAST, name, unit, convert);
const word = (code: string, name: string, unit: string, convert: (raw: number) => number): Field =>
  scaled(code, 'u16', WORD_LAST, name, unit, convert);
const long = (code: string, name: string, unit: string, divisor: number): Field =>
  scaled(code, 'u32', LONG_LAST, name, unit, (raw) => raw / divisor);

const half = (raw: number): number => raw / 2;
/** × 0.4 %, which a division by 2.5 rounds better. */
const fourTenths = (raw: number): number => raw / 2.5;

export const FMS_FIELDS: readonly Field[] = [
  byte(
    'JO1',
    twoBits(0, 'can.cruise.status'),
    twoBits(4, 'can.pedal.brake.status'),
    twoBits(6, 'can.pedal.clutch.status'),
  ),
  byte('JO2', state(0, 0x1f, 'can.powersource.takeoff.enum')),
  level('JO3', 'can.throttle.pedal.level', '%', fourTenths),
  level('JO4', 'can.engine.load.level', '%', (raw) => raw),
  level('JO5', 'can.fuel.level', '%', fourTenths),
  byte('JO6', twoBitsNumber(0, 'can.fms.diagnostic.state'), twoBitsNumber(2, 'can.fms.request.state')),
  byte('JO7', state(0, 15, 'can.driver.time.related.status.2'), twoBits(4, 'can.driver.card.status.2')),
  byte(
    'JO8',
    state(0, 15, 'can.driver.time.related.status.1'),
    twoBits(4, 'can.driver.card.status.1'),
    twoBits(6, 'can.overspeeding.status'),
  ),
  byte(
    'JO9',
    state(0, 7, 'can.driver.work.state.enum.1'),
    state(3, 7, 'can.driver.work.state.enum.2'),
    twoBits(6, 'can.movement.status'),
  ),
  byte(
    'JO10',
    twoBits(0, 'can.tacho.event'),
    twoBits(2, 'can.handling.info.status'),
    twoBitsNumber(4, 'can.tacho.performance'),
    twoBits(6, 'can.reverse.gear.status'),
  ),
  level('JO11', 'can.engine.coolant.temperature', '°C', (raw) => raw - 40),
  byte('JO12', twoBits(0, 'can.powersource.takeoff.engaged.status')),

  word('JH1', 'can.j1939.vehicle.speed', 'km/h', (raw) => raw / 256),
  word('JH2', 'can.j1939.engine.rpm', 'rpm', (raw) => raw / 8),
  ...[1, 2, 3, 4, 5].map((axle) => word(`JH${axle + 2}`, `can.axle.weight.${axle}`, 'kg', half)),
  word('JH8', 'can.service.mileage', 'km', (raw) => raw * 5 - 160_635),
  word('JH9', 'can.tacho.position.speed', 'km/h', (raw) => raw / 256),
  word('JH10', 'can.ambient.air.temperature', '°C', (raw) => raw / 32 - 273),
  word('JH11', 'can.fuel.consumption', 'l/h', (raw) => raw / 20),
  word('JH12', 'can.fuel.economy', 'km/l', (raw) => raw / 512),

  long('JL1', 'can.j1939.fuel.consumed', 'l', 2),
  long('JL2', 'can.j1939.engine.motorhours', 'h', 20),
  long('JL3', 'can.j1939.vehicle.mileage', 'km', 1),
  long('JL4', 'can.j1939.engine.fuel.total', 'l', 1000),
  long('JN1', 'can.cruise.control.mileage', 'km', 8),
  long('JN2', 'can.total.engine.idle.time', 'h', 20),
  long('JN3', 'can.fuel.idle.consumed', 'l', 2),
  long('JN4', 'can.powesource.takeof.duration', 'h', 20),
  long('JN5', 'can.powesource.takeof.fuel.consumed', 'l', 2),

  text('JS1', 'can.j1939.vehicle.vin'),
  text('JS2', 'can.j1939.software.version'),
  text('JS3', 'driver.id'),
  text('JS4', 'driver.id.2'),
];

const WIDTHS: Readonly<Record<string, Width>> = { O: 'u8', H: 'u16', L: 'u32', N: 'u32', S: 'str' };

/** A bus field of a number that is not in the tables: its letter gives the width, so it is kept raw and the rest can be read. */
export function busField(code: string): Field | null {
  if (code.length < 3 || (!code.startsWith('J') && !code.startsWith('Z'))) return null;
  const width = WIDTHS[code[1]!];
  return width === undefined || (code.startsWith('ZN') && width === 'u32') ? null : vendor(code, width);
}

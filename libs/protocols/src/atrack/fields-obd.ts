/** Field table: OBD-II. A silent bus sends zeros; they can not be told from real ones. */
import { flagSetter, numberSetter, stringSetter } from '../catalogue/set.js';
import { type Field, flag, guessed, num, text } from './field.js';

const setPending = flagSetter('can.dtc.pending.status');
const setCodes = stringSetter('can.pending.dtc');
const setCanHours = numberSetter('can.engine.motorhours');
const setMileage = numberSetter('can.vehicle.mileage');

export const OBD_FIELDS: readonly Field[] = [
  text('VN', 'vehicle.vin'),
  num('RP', 'u16', 'segment.max.engine.rpm', 1, 'rpm'),
  num('EL', 'u8', 'segment.max.engine.load.level', 1, '%'),
  num('TR', 'u8', 'segment.max.throttle.pedal.level', 1, '%'),
  num('MF', 'u16', 'can.maf.air.flow.rate', 100, 'g/s'),
  num('ET', 'i16', 'can.engine.temperature', 1, '°C'),
  num('IA', 'i8', 'can.intake.air.temperature', 1, '°C'),
  num('MP', 'u8', 'can.intake.map', 1, 'kPa'),
  num('FL', 'u8', 'fuel.level', 1, '%'),
  num('FC', 'u32', 'can.fuel.consumed', 10, 'l'),
  flag('ML', 'can.mil.status'),
  {
    code: 'PD',
    width: 'u8',
    unit: 'flag',
    number: (raw, r) => {
      if (raw === 0 || raw === 1) setPending(r, raw === 1);
    },
    // Some firmware writes the codes themselves: `P0171`.
    text: (value, r) => {
      if (value !== '') setCodes(r, value);
    },
  },
  flag('OC', 'obd.connected.status'),
  {
    code: 'EH',
    width: 'u32',
    unit: 'h',
    number: (raw, r) => {
      r.engine_motorhours = raw / 10;
      setCanHours(r, raw / 10);
    },
  },
  // The unit is unsure, so it is a setting.
  { code: 'EO', width: 'u32', unit: 'km', number: (raw, r, _, s) => setMileage(r, raw * s.engineOdometerUnitKm) },
  guessed('ES', 'u8', 'can.vehicle.speed', 1, 'km/h'),
  guessed('DC', 'u16', 'can.dtc.cleared.mileage', 1, 'km'),
  guessed('WH', 'u32', 'trip.engine.motorhours', 10, 'h'),
];

/** Field table: J1708. The letter behind Z gives the width. FF in a level is "not available"; masks are emitted as they are. */
import { type Field, absent, conv, num, text } from './field.js';

const LEVEL_ABSENT = 0xff;
const level = (code: string, name: string, divisor: number): Field =>
  conv(code, 'u8', name, '%', (raw) => (raw === LEVEL_ABSENT ? absent() : raw / divisor));
const times = (code: string, width: 'u8' | 'u16' | 'u32', name: string, unit: string, factor: number): Field =>
  conv(code, width, name, unit, (raw) => raw * factor);
const mask = (code: string, name: string): Field => num(code, 'u8', name, 1, 'mask');
const fahrenheit = (code: string, name: string): Field => conv(code, 'u8', name, '°C', (raw) => ((raw - 32) * 5) / 9);

export const J1708_FIELDS: readonly Field[] = [
  mask('ZO1', 'can.j1708.brake.stroke.state'),
  mask('ZO2', 'can.j1708.mil.state'),
  mask('ZO3', 'can.j1708.abs.state'),
  level('ZO4', 'can.j1708.throttle.pedal.level', 2.5),
  mask('ZO5', 'can.j1708.parking.brake.state'),
  times('ZO6', 'u8', 'can.j1708.vehicle.speed', 'km/h', 0.805),
  mask('ZO7', 'can.j1708.cruise.control.state'),
  level('ZO8', 'can.j1708.accelerator.pedal.level', 2.5),
  level('ZO9', 'can.j1708.engine.load', 2),
  level('ZO10', 'can.j1708.fuel.level', 2),
  times('ZO11', 'u8', 'can.j1708.engine.oil.pressure', 'kPa', 3.45),
  times('ZO12', 'u8', 'can.j1708.boost.pressure', 'kPa', 0.862),
  fahrenheit('ZO13', 'can.j1708.intake.manifold.temperature'),
  fahrenheit('ZO14', 'can.j1708.engine.coolant.temperature'),
  times('ZO15', 'u8', 'can.j1708.brake.pressure', 'kPa', 4.14),
  times('ZO16', 'u8', 'can.j1708.brake.primary.pressure', 'kPa', 4.14),
  times('ZO17', 'u8', 'can.j1708.brake.secondary.pressure', 'kPa', 4.14),

  times('ZH1', 'u16', 'can.j1708.cargo.weight', 'N', 17.792),
  // In 1e-6 l/s; emitted as given.
  times('ZH2', 'u16', 'can.j1708.fuel.rate', '1e-6 l/s', 16.428),
  num('ZH3', 'u16', 'can.j1708.engine.rpm', 4, 'rpm'),

  num('ZL1', 'u32', 'can.j1708.fuel.used', 2, 'l'),
  times('ZL2', 'u32', 'can.j1708.vehicle.mileage', 'km', 0.161),
  num('ZL3', 'u32', 'can.j1708.vehicle.motorhours', 20, 'h'),
  num('ZL4', 'u32', 'can.j1708.engine.motorhours', 20, 'h'),
  num('ZL5', 'u32', 'can.j1708.idle.motorhours', 20, 'h'),
  times('ZL6', 'u32', 'can.j1708.fuel.used.idle', 'l', 0.473),

  text('ZS1', 'can.j1708.vehicle.vin'),
];

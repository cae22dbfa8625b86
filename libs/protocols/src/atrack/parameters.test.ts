/**
 * Every parameter that the product names for ATrack has a producer: frames with every field of the tables, answers and impact data
 * together must give each of them. What configuration or the pipeline fills is not listed. A family's plain name stands for its numbered
 * members.
 */
import { describe, expect, it } from 'vitest';
import { reportToFlat } from '../catalogue/flat.js';
import { FIELD_CODES } from './plan.js';
import { asciiFrame, impactFrame, replyLine } from './simulate.js';
import { UNIT, decodeFrame, recordOf, runChunks } from './testing.js';

// prettier-ignore
const PARAMETERS: readonly string[] = [
  'acceleration.array', 'accelerometer.data.seqnum', 'ain', 'ain.voltage.high.status', 'autogeofence.status',
  'backup.battery.voltage', 'battery.low.status', 'ble.beacons', 'bluetooth.connected.status',
  'can.ambient.air.temperature', 'can.axle.weight', 'can.cruise.control.mileage', 'can.cruise.status',
  'can.driver.card.status', 'can.driver.time.related.status', 'can.driver.work.state.enum',
  'can.dtc.cleared.mileage', 'can.dtc.pending.status', 'can.engine.coolant.temperature', 'can.engine.load.level',
  'can.engine.motorhours', 'can.engine.temperature', 'can.fms.diagnostic.state', 'can.fms.request.state',
  'can.fuel.consumed', 'can.fuel.consumption', 'can.fuel.economy', 'can.fuel.idle.consumed', 'can.fuel.level',
  'can.handling.info.status', 'can.intake.air.temperature', 'can.intake.map', 'can.j1708.abs.state',
  'can.j1708.accelerator.pedal.level', 'can.j1708.boost.pressure', 'can.j1708.brake.pressure',
  'can.j1708.brake.primary.pressure', 'can.j1708.brake.secondary.pressure', 'can.j1708.brake.stroke.state',
  'can.j1708.cargo.weight', 'can.j1708.cruise.control.state', 'can.j1708.engine.coolant.temperature',
  'can.j1708.engine.load', 'can.j1708.engine.motorhours', 'can.j1708.engine.oil.pressure', 'can.j1708.engine.rpm',
  'can.j1708.fuel.level', 'can.j1708.fuel.rate', 'can.j1708.fuel.used', 'can.j1708.fuel.used.idle',
  'can.j1708.idle.motorhours', 'can.j1708.intake.manifold.temperature', 'can.j1708.mil.state',
  'can.j1708.parking.brake.state', 'can.j1708.throttle.pedal.level', 'can.j1708.vehicle.mileage',
  'can.j1708.vehicle.motorhours', 'can.j1708.vehicle.speed', 'can.j1708.vehicle.vin', 'can.j1939.engine.fuel.total',
  'can.j1939.engine.motorhours', 'can.j1939.engine.rpm', 'can.j1939.fuel.consumed', 'can.j1939.software.version',
  'can.j1939.vehicle.mileage', 'can.j1939.vehicle.speed', 'can.j1939.vehicle.vin', 'can.maf.air.flow.rate',
  'can.mil.status', 'can.movement.status', 'can.overspeeding.status', 'can.pedal.brake.status',
  'can.pedal.clutch.status', 'can.pending.dtc', 'can.powersource.takeoff.engaged.status',
  'can.powersource.takeoff.enum', 'can.powesource.takeof.duration', 'can.powesource.takeof.fuel.consumed',
  'can.reverse.gear.status', 'can.service.mileage', 'can.tacho.event', 'can.tacho.performance',
  'can.tacho.position.speed', 'can.throttle.pedal.level', 'can.total.engine.idle.time', 'can.vehicle.mileage',
  'can.vehicle.speed', 'counter.impulses', 'din', 'dout', 'driver.id', 'driver.message', 'engine.ignition.status',
  'engine.motorhours', 'event.seqnum', 'external.powersource.level', 'external.powersource.status',
  'external.powersource.voltage', 'fuel.level', 'fuel.sensor.status', 'geofence.status',
  'gnss.antenna.short.circuit.status', 'gnss.antenna.signal.timeout.status', 'gnss.antenna.status',
  'gnss.fix.status', 'gnss.status', 'gprs.status', 'gsm.cellid', 'gsm.home.network.event', 'gsm.jamming.event',
  'gsm.lac', 'gsm.mcc', 'gsm.mnc', 'gsm.operator.code', 'gsm.preferred.network.status', 'gsm.roaming.network.event',
  'gsm.signal.dbm', 'gsm.signal.level', 'gsm.sim.iccid', 'gsm.sim.imsi', 'gsm.state.enum',
  'gsm.state.enum.description', 'harsh.acceleration.event', 'harsh.braking.event', 'harsh.cornering.event',
  'ibutton.code', 'idle.status', 'impact.event', 'main.power.low.status', 'message.buffered.status',
  'movement.status', 'network.signal.rsrp', 'obd.connected.status', 'overspeeding.status', 'position.altitude',
  'position.direction', 'position.hdop', 'position.latitude', 'position.longitude', 'position.satellites',
  'position.speed', 'position.timestamp', 'position.valid', 'report.reason', 'segment.max.acceleration',
  'segment.max.braking.acceleration', 'segment.max.cornering.acceleration', 'segment.max.engine.load.level',
  'segment.max.engine.rpm', 'segment.max.position.speed', 'segment.max.throttle.pedal.level',
  'segment.max.vertical.acceleration', 'send.timestamp', 'sensor.humidity', 'sensor.temperature',
  'server.connection.status', 'sim.card.state', 'tilt.angle', 'timestamp', 'total.acceleration', 'towing.event',
  'trip.engine.motorhours', 'vehicle.mileage', 'vehicle.vin', 'wifi.mac.address',
];

const FAMILIES = ['AI1', 'AG', 'AN1', 'TP1', 'GF1', 'IN0', 'OP1'];
/** Values that a plain 1 would leave out. */
const SPECIAL: Readonly<Record<string, string>> = {
  CN: '310260',
  CD: '8942310017000752067',
  CM: '310260881524775',
  ME: '356961075931165',
  MA: 'F0:9F:C2:11:22:33',
  VN: '2T1KR32E28C706185',
  BC: '3:224:F128833445E6002C09C6',
  HT: 'T:23.5 H:45.2',
  GV: '0064FFCE03E8',
  GN: '0001000203E8'.repeat(10),
  PD: 'P0171',
  DD: 'BC12FC000000',
  GT: '1700000000',
  RT: '1700000001',
  ST: '1700000002',
  JH8: '40000',
};

function produced(): Set<string> {
  const codes = [...FIELD_CODES.filter((code) => !['CI', 'UI', 'GL', 'NC', 'EG'].includes(code)), ...FAMILIES];
  const names = new Set<string>();
  const values = Object.fromEntries(codes.map((code) => [code, SPECIAL[code] ?? '1']));
  const message = { text: 'hello', driver: 'BC12FC000000', temperature1: 1, temperature2: 2 };
  const frames = [values, { ...values, PD: '1', GV: 'FF9C003203E8' }].map((custom) =>
    asciiFrame({
      unitId: UNIT,
      sequence: 1,
      form: codes.map((code) => `%${code}`).join(''),
      records: [recordOf({ ...message, custom })],
    }),
  );
  const settings = { form: codes.map((code) => `%${code}`).join('') };
  for (const frame of frames)
    for (const report of decodeFrame(frame, settings).reports)
      for (const name of Object.keys(reportToFlat(report))) names.add(name);
  const impact = impactFrame(
    { unitId: UNIT, sequence: 2 },
    recordOf(),
    0,
    Array.from({ length: 50 }, () => [1, 2, 3] as const),
  );
  const info = replyLine('INFO', `${UNIT},AX5,1.08,${UNIT},250026811379271,8970,130,40,8,1,26,1,0`);
  for (const message of runChunks([impact, info], { known: { waiting: 'impact_data' } }).messages)
    for (const name of Object.keys(message)) names.add(name);
  return names;
}

describe('the parameters of ATrack', () => {
  it('all have a producer', () => {
    const names = produced();
    const missing = PARAMETERS.filter((name) => !names.has(name) && !names.has(`${name}.1`));
    expect(missing).toEqual([]);
  });
});

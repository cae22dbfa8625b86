import { describe, expect, it } from 'vitest';
import { reportToFlat } from './flat.js';
import { HOT_FIELDS, LIST_FIELDS, PARAMETERS } from './names.generated.js';
import { HOT_FLAGS, HOT_NUMBERS, HOT_STRINGS, Report } from './report.generated.js';
import { flagSetter, numberSetter, stringSetter } from './set.js';

function report(fill: (report: Report) => void = () => undefined): Report {
  const made = new Report();
  made.ident = '350000000000006';
  made.timestamp = 1_700_000_000_250_000;
  made.received_at = 1_700_000_001_000_000;
  made.protocol = 'astra';
  made.peer = '192.0.2.7:40123';
  made.decoder_version = '1.2.3';
  fill(made);
  return made;
}

describe('reportToFlat', () => {
  it('gives the root under dotted names, times in seconds with their fraction', () => {
    expect(reportToFlat(report())).toEqual({
      'message.id': '00000000000000000000000000000000',
      revision: 0,
      kind: 'report',
      ident: '350000000000006',
      timestamp: 1_700_000_000.25,
      'server.timestamp': 1_700_000_001,
      protocol: 'astra',
      peer: '192.0.2.7:40123',
      'decoder.version': '1.2.3',
      'report.reasons': [],
    });
  });

  it('gives what is optional in the root only when it is there', () => {
    const flat = reportToFlat(
      report((r) => {
        r.tenant = 'north';
        r.device_time = 1_000_000;
        r.frame_ref = { topic: 'raw-frames', partition: 1, offset: 2, index: 0 };
        r.quality = ['clock_suspect'];
        r.report_reasons = ['panic'];
      }),
    );
    expect(flat).toMatchObject({
      tenant: 'north',
      'device.timestamp': 1,
      'frame.ref': { topic: 'raw-frames', partition: 1, offset: 2, index: 0 },
      quality: ['clock_suspect'],
      'report.reasons': ['panic'],
    });
  });

  it('gives every hot parameter under its dotted name, false and 0 included', () => {
    const full = report((r) => {
      for (const [, set] of Object.entries(HOT_NUMBERS)) set(r, 0);
      for (const [, set] of Object.entries(HOT_STRINGS)) set(r, '');
      for (const [, set] of Object.entries(HOT_FLAGS)) set(r, false);
    });
    const flat = reportToFlat(full);
    for (const name of Object.keys(HOT_NUMBERS)) expect(flat[name]).toBe(0);
    for (const name of Object.keys(HOT_STRINGS)) expect(flat[name]).toBe('');
    for (const name of Object.keys(HOT_FLAGS)) expect(flat[name]).toBe(false);
    expect(HOT_FIELDS.map(([, name]) => name).toSorted()).toEqual(
      [...Object.keys(HOT_NUMBERS), ...Object.keys(HOT_STRINGS), ...Object.keys(HOT_FLAGS)].toSorted(),
    );
  });

  it('gives what is not hot from the maps', () => {
    const flat = reportToFlat(
      report((r) => {
        numberSetter('sensor.light.3')(r, 12);
        stringSetter('can.data.frame.18FEF100')(r, 'FF00FF00FF00FF00');
        flagSetter('trunk.lock.status')(r, true);
      }),
    );
    expect(flat).toMatchObject({
      'sensor.light.3': 12,
      'can.data.frame.18FEF100': 'FF00FF00FF00FF00',
      'trunk.lock.status': true,
    });
  });

  it('prefers a hot field to the copy that a map keeps of a promoted parameter, and the root to both', () => {
    const flat = reportToFlat(
      report((r) => {
        r.position_speed = 50;
        r.numbers = { 'position.speed': 49, timestamp: 1 };
      }),
    );
    expect(flat['position.speed']).toBe(50);
    expect(flat['timestamp']).toBe(1_700_000_000.25);
  });

  it('gives beacons with dotted members, and leaves out what a beacon did not say', () => {
    const unset = { type: null, companion: null, last_seen: null, height: null, temperature: null, humidity: null, battery_voltage: null, battery_level: null, tx_power: null, major: null, minor: null, local_name: null, data: null }; // prettier-ignore
    const flat = reportToFlat(
      report((r) => {
        r.ble_beacons = [
          { ...unset, id: 'A0B1C2D3E4F5', rssi: -71, last_seen: 12, companion: false, battery_voltage: 2.9 },
        ];
      }),
    );
    expect(flat['ble.beacons']).toEqual([
      { id: 'A0B1C2D3E4F5', rssi: -71, companion: false, 'last.seen': 12, 'battery.voltage': 2.9 },
    ]);
  });

  it('gives an OBD-II code as text and a J1939 one as its numbers', () => {
    const flat = reportToFlat(
      report((r) => {
        r.can_dtc = [
          { standard: 'OBDII', code: 'P0133', spn: null, fmi: null, cm: null, oc: null },
          { standard: 'J1939', code: null, spn: 100, fmi: 3, cm: 0, oc: 5 },
        ];
      }),
    );
    expect(flat['can.dtc']).toEqual(['P0133', { standard: 'J1939', spn: 100, fmi: 3, cm: 0, oc: 5 }]);
  });

  it('keeps an empty list apart from none', () => {
    expect(reportToFlat(report((r) => (r.ble_beacons = [])))['ble.beacons']).toEqual([]);
    expect(reportToFlat(report())).not.toHaveProperty(['ble.beacons']);
  });

  it('gives accelerations, cells and wireless networks', () => {
    const flat = reportToFlat(
      report((r) => {
        r.acceleration_array = [{ x: 0.1, y: -0.2, z: 1 }];
        r.cells = [{ mcc: 460, mnc: 0, lac: 1, cellid: 2, rssi: null }];
        r.wifi = [{ mac: 'A0B1C2D3E4F5', rssi: -80 }];
      }),
    );
    expect(flat['acceleration.array']).toEqual([{ x: 0.1, y: -0.2, z: 1 }]);
    expect(flat['gsm.cells']).toEqual([{ mcc: 460, mnc: 0, lac: 1, cellid: 2 }]);
    expect(flat['wifi.points']).toEqual([{ mac: 'A0B1C2D3E4F5', rssi: -80 }]);
  });

  it('shares no list or map with the report', () => {
    const made = report((r) => numberSetter('axle.weight')(r, 1));
    const flat = reportToFlat(made);
    flat['axle.weight'] = 2;
    expect(made.numbers).toEqual({ 'axle.weight': 1 });
  });
});

describe('the names for browsers', () => {
  it('know type and unit of every list and of every hot parameter that is no member of a family', () => {
    expect(PARAMETERS['position.speed']).toEqual(['number', 'km/h']);
    expect(PARAMETERS['ain.N']).toEqual(['number', 'V']);
    for (const [, name] of LIST_FIELDS) expect(PARAMETERS[name]?.[0]).toBe('array');
  });
});

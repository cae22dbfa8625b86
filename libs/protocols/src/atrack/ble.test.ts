import { describe, expect, it } from 'vitest';
import { Report } from '../catalogue/report.generated.js';
import { applyBeacons } from './ble.js';

function beacons(value: string): readonly Record<string, unknown>[] {
  const report = new Report();
  applyBeacons(value, report);
  return (report.ble_beacons ?? []).map((b) => Object.fromEntries(Object.entries(b).filter(([, v]) => v !== null)));
}

describe('beacons', () => {
  it('of a temperature and humidity tag are read by the mask', () => {
    expect(beacons('3:224:F128833445E6002C09C6')).toEqual([{ id: 'F128833445E6', humidity: 44, temperature: 25.02 }]);
    expect(beacons('3:252:F128833445E6002CFF38C81234')).toEqual([
      { id: 'F128833445E6', humidity: 44, temperature: -2, rssi: -56, data: '1234' },
    ]);
  });

  it('of an iBeacon, of telemetry and of sensors as well', () => {
    expect(beacons('1:248:F128833445E600010002C5C8')).toEqual([
      { id: 'F128833445E6', major: 1, minor: 2, tx_power: 197, rssi: -56 },
    ]);
    expect(beacons('2:200:F128833445E60BB8C8')).toEqual([{ id: 'F128833445E6', battery_voltage: 3, rssi: -56 }]);
    expect(beacons('4:240:F128833445E6020102414243444546474849')).toEqual([
      { id: 'F128833445E6', type: 2, data: '0102', local_name: 'ABCDEFGHI' },
    ]);
  });

  it('of the second form carry their length', () => {
    expect(beacons('0DE0CD9F8F1F40FE092D0BA0CF50')).toEqual([
      { id: 'CD9F8F1F40FE', type: 0xe0, temperature: 23.49, humidity: 29.76, data: 'CF50' },
    ]);
    expect(beacons('0901CD9F8F1F40FEABCD07E0CD9F8F1F40FF')).toEqual([
      { id: 'CD9F8F1F40FE', type: 1, data: 'ABCD' },
      { id: 'CD9F8F1F40FF', type: 0xe0 },
    ]);
  });

  it('end at the first record that does not fit', () => {
    expect(beacons('3:224:F128833445E6002C09C6F12883')).toHaveLength(1);
    expect(beacons('0DE0CD9F8F1F40FE092D0BA0CF500D')).toHaveLength(1);
    for (const bad of ['', '3:224:', '3:0:0102', '9:224:F1', '3:224:xyz', 'zz', '0301', ':::', '3:3:010203'])
      expect(beacons(bad)).toEqual([]);
  });
});

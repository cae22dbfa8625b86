import { describe, expect, it } from 'vitest';
import { hear, IMEI, NOW_S } from './testing.js';

const known = { known: { ident: IMEI } };
const answers = (text: string) => hear([text], known).responses;

describe('answers to commands', () => {
  it.each([
    ['$IMOB,OK\r\n', [{ command: 'IMOB', outcome: 'ok' }]],
    ['$IMOB,ER\r\n', [{ command: 'IMOB', outcome: 'error', code: 'ER' }]],
    ['$FRED,UN\r\n', [{ command: 'FRED', outcome: 'error', code: 'UN' }]],
    ['$APAD,PR\r\n', [{ command: 'APAD', outcome: 'error', code: 'PR' }]],
    ['$ATSW,7.0.70.3,1\r\n', [{ command: 'ATSW', outcome: 'value', values: ['7.0.70.3', '1'] }]],
    ['$IMEI\r\n', [{ command: 'IMEI', outcome: 'value', values: [] }]],
    ['$PARA-TCP\r\nHW:1\r\nFW:7.0\r\n', [{ command: 'PARA', outcome: 'value', values: ['HW:1', 'FW:7.0'] }]],
    [
      'TEST:AT240\r\n7.0\r\nPWR:12.3\r\n',
      [{ command: 'TEST', outcome: 'value', values: ['AT240', '7.0', 'PWR:12.3'] }],
    ],
    ['$DIST,OK\r$APPW,OK\r$IMEI,1\r\n', [{ outcome: 'ok' }, { outcome: 'ok' }, { outcome: 'value', values: ['1'] }]],
  ])('%j', (text, expected) => {
    const heard = hear([text], known);
    expect(heard.responses).toMatchObject(expected);
    expect([heard.messages, heard.replies, heard.rejected]).toEqual([[], '', []]);
  });

  it('are never acknowledged, and need a device whose they are', () => {
    const heard = hear(['$IMOB,OK\r\n']);
    expect([heard.replies, heard.closed]).toEqual(['', false]);
    expect(heard.rejected).toMatchObject([{ reason: 'no_ident' }]);
  });

  it('are the answers of the device that spoke before', () => {
    expect(answers('$IMOB,OK\r\n')).toHaveLength(1);
    expect(hear([`$ASTRA;AT402;${IMEI};;7.0;X;1\r\n`, '$IMOB,OK\r\n']).responses).toHaveLength(1);
  });
});

describe('a login', () => {
  it('gives what the device says of itself, leaving out what is empty', () => {
    const [presence] = hear([`$ASTRA;AT402;${IMEI};WBA12345678901234;7.0.70.3;x;1;8A1B\r\n`]).presences;
    expect(presence).toMatchObject({
      kind: 'presence',
      ident: IMEI,
      timestamp: NOW_S,
      'device.model': 'AT402',
      'vehicle.vin': 'WBA12345678901234',
      'device.firmware.version': '7.0.70.3',
      'device.protocol.letter': 'X',
      'device.hardware.version': '1',
      'device.settings.checksum': '8A1B',
    });
    const [bare] = hear([`$ASTRA;AT402;${IMEI};;7.0;X;1\r\n`]).presences;
    for (const name of ['vehicle.vin', 'device.settings.checksum', 'device.timestamp'])
      expect(bare?.[name]).toBeUndefined();
  });
});

describe('a driver request', () => {
  const line = `$DRID,AT240,CHECK,${IMEI},01,00001920c43d\r\n`;

  it('is a message of its own with the driver and the time of receipt, and wants no acknowledgement', () => {
    const heard = hear([line]);
    expect(heard.messages).toMatchObject([
      { ident: IMEI, timestamp: NOW_S, 'driver.id': '0100001920C43D', 'driver.id.check.event': true },
    ]);
    expect(heard.responses).toMatchObject([{ command: 'DRID', outcome: 'request' }]);
    expect([heard.replies, heard.rejected]).toEqual(['', []]);
  });

  it('may have a longer serial and further fields', () => {
    const heard = hear([line.replace('c43d', 'c43d01,7')], known);
    expect(heard.messages).toMatchObject([{ 'driver.id': '0100001920C43D01' }]);
  });

  it('is mere text when it is not one', () => {
    for (const text of ['$DRID,OK\r\n', '$DRID,AT240,CHECK,1,01,00001920c43d\r\n', line.replace(',01,', ',zz,')])
      expect(hear([text], known).messages).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { PROTOCOLS } from '../protocol.js';
import { catalogueOf, commandSpec, problemOfCommand } from './catalogue.js';
import { commandsThatRead, commandThatSets, driftOf, settingNames, settingsOf } from './settings.js';

describe('settings', () => {
  it('are what a command sets, and are set by that command', () => {
    for (const [type, name, value, command, args] of [
      ['astra', 'apn', 'internet', 'apn', { name: 'internet' }],
      ['astra', 'server_port', 5103, 'server_port', { port: 5103 }],
      ['h02', 'interval', 60, 'interval', { cycle_time: 60 }],
      ['jt808', '0x0029', 30, 'interval', { cycle_time: 30 }],
      ['jt808', '0x0055', 90, 'set_parameters', { parameters: { '0x0055': 90 } }],
      ['atrack', 'j1939_fields', ['JO5'], 'j1939_set', { on: true, fields: ['JO5'] }],
      ['atrack', 'motion', { threshold: 50, time: 3 }, 'motion_set', { threshold: 50, time: 3 }],
      ['atrack', 'input_filter.2', { debounce: 5 }, 'input_filter_set', { input: 2, debounce: 5 }],
    ] as const) {
      const wanted = commandThatSets(type, name, value);
      expect(wanted).toEqual({ name: command, args });
      expect(problemOfCommand(type, command, args)).toBeNull();
      expect(settingsOf(commandSpec(type, command)!, args)).toEqual([{ name, value }]);
    }
    expect(commandThatSets('astra', 'colour', 1)).toBeNull();
  });

  it('hold no passwords and no consents', () => {
    const form = {
      binary: true,
      prefix: '@P',
      calendar_times: false,
      fields: ['SA'],
      erase_unsent: true,
      password: 'x',
    };
    expect(settingsOf(commandSpec('atrack', 'form_set')!, form)).toEqual([
      { name: 'form', value: { binary: true, fields: ['SA'] } },
    ]);
    expect(settingsOf(commandSpec('astra', 'apn_password')!, { password: 'x' })).toEqual([]);
    const server = { on: true, apn: 'a', password_apn: 'secret', host: 'h', port: 1, udp: false };
    expect(JSON.stringify(settingsOf(commandSpec('atrack', 'server_set')!, server))).not.toContain('secret');
  });

  it('are read by commands that the type has', () => {
    expect(commandsThatRead('jt808')).toEqual([{ name: 'query_parameters', args: {} }]);
    expect(commandsThatRead('jt808', '0x0055')).toEqual([{ name: 'query_parameters', args: { ids: ['0x0055'] } }]);
    expect(commandsThatRead('atrack').map(({ name }) => name)).toEqual(['form_query', 'j1939_query', 'j1708_query']);
    expect(commandsThatRead('atrack', 'form')).toEqual([{ name: 'form_query', args: {} }]);
    expect(commandsThatRead('astra')).toEqual([]);
    for (const type of PROTOCOLS)
      for (const { name, args } of commandsThatRead(type)) expect(problemOfCommand(type, name, args)).toBeNull();
  });

  it('have names of their own in each type', () => {
    for (const type of PROTOCOLS) {
      const names = settingNames(type);
      expect(new Set(names).size).toBe(names.length);
      expect(names.length).toBeLessThanOrEqual(catalogueOf(type).size);
    }
    expect(settingNames('astra')).toEqual(['apn', 'server_host', 'server_port']);
  });

  it('drift when the device has something else, and may say more than was wanted', () => {
    expect(driftOf(30, 30)).toBe('in_sync');
    expect(driftOf('0x1e', 30)).toBe('in_sync');
    expect(driftOf(30, 60)).toBe('drift');
    expect(driftOf(30, undefined)).toBe('unknown');
    expect(driftOf(undefined, 30)).toBe('not_set');
    const reported = { form: '%SA', fields: ['SA'], binary: true, source: 'reply' };
    expect(driftOf({ binary: true, fields: ['SA'] }, reported)).toBe('in_sync');
    expect(driftOf({ binary: true, fields: ['SA', 'MV'] }, reported)).toBe('drift');
  });
});

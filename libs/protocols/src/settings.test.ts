import { describe, expect, it } from 'vitest';
import { formatDeviceSettings, parseDeviceSettings } from './settings.js';

describe('device settings', () => {
  it('come back as they were written', () => {
    const settings = { h02Ack: 'v4', form: '%SA%MV', j1939Fields: ['JO5'], fieldWidths: { BP: 'u8' } } as const;
    expect(parseDeviceSettings(formatDeviceSettings(settings))).toEqual({ settings, problems: [] });
  });

  it('name each bad field with its remedy and keep the good ones', () => {
    const parsed = parseDeviceSettings('{"h02_ack":"maybe","time_zone":8,"jt808_utc_offset_hours":0,"form":"SA MV"}');
    expect(parsed.settings).toEqual({ jt808UtcOffsetHours: 0 });
    expect(parsed.problems.map((p) => p.field)).toEqual(['decoder.h02_ack', 'decoder.time_zone', 'decoder.form']);
    expect(parsed.problems[0]!.remedy).toContain('"r12", "v4", "none"');
  });

  it('are none for an absent text and one problem for a text that is no object', () => {
    expect(parseDeviceSettings(null)).toEqual({ settings: {}, problems: [] });
    for (const text of ['[1]', '{', '7']) expect(parseDeviceSettings(text).problems).toHaveLength(1);
  });
});

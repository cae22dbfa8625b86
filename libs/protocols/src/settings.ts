/**
 * A device's decoder settings as users write them: the JSON object in `decoder` of a `devices` record, and in a RoutedCommand.
 * One reader for the edge, the decoder and the CLI, so that a setting means the same everywhere.
 */
import type { DeviceSettings } from './protocol.js';

/** A setting that can not be used, and what would do. */
export interface SettingProblem {
  readonly field: string;
  readonly remedy: string;
}
export interface ParsedSettings {
  /** The good ones; bad ones are left out. */
  readonly settings: DeviceSettings;
  readonly problems: readonly SettingProblem[];
}

interface Rule {
  readonly key: keyof DeviceSettings;
  readonly valid: (value: unknown) => boolean;
  readonly remedy: string;
}

const CODE = /^[A-Z]{2}[0-9]{0,2}$/;
const FORM = /^(%[A-Z]{2}[0-9]{0,2})*$/;
const WIDTHS = new Set(['u8', 'u16', 'u32', 'i8', 'i16', 'i32', 'u64', 'str']);

const oneOf = (...values: readonly unknown[]): Pick<Rule, 'valid' | 'remedy'> => ({
  valid: (value) => values.includes(value),
  remedy: `use one of ${values.map((v) => JSON.stringify(v)).join(', ')}`,
});
const flag: Pick<Rule, 'valid' | 'remedy'> = { valid: (v) => typeof v === 'boolean', remedy: 'use true or false' };
const codes: Pick<Rule, 'valid' | 'remedy'> = {
  valid: (v) => Array.isArray(v) && v.every((c) => typeof c === 'string' && CODE.test(c)),
  remedy: 'use a list of field codes such as ["JO5", "JH1"]',
};
const number = (low: number, high: number, unit: string): Pick<Rule, 'valid' | 'remedy'> => ({
  valid: (v) => typeof v === 'number' && v >= low && v <= high,
  remedy: `use a number from ${low} to ${high} (${unit})`,
});

/** Every setting by the name that users write. */
const RULES: Readonly<Record<string, Rule>> = {
  h02_ack: { key: 'h02Ack', ...oneOf('r12', 'v4', 'none') },
  h02_alarms: { key: 'h02Alarms', ...flag },
  h02_sinotrack_only: { key: 'h02SinotrackOnly', ...flag },
  jt808_utc_offset_hours: { key: 'jt808UtcOffsetHours', ...number(-14, 14, 'hours ahead of UTC') },
  crc_mode: { key: 'crcMode', ...oneOf('strict', 'lenient') },
  form: {
    key: 'form',
    valid: (v) => v === null || (typeof v === 'string' && FORM.test(v)),
    remedy: 'use field codes each behind a percent sign, such as "%SA%MV%BV"; "" for none, null for unknown',
  },
  form_source: { key: 'formSource', ...oneOf('inline', 'reply', 'manual') },
  j1939_fields: { key: 'j1939Fields', ...codes },
  j1708_fields: { key: 'j1708Fields', ...codes },
  cell_id_bytes: { key: 'cellIdBytes', ...oneOf('auto', 2, 4) },
  g_scale: { key: 'gScale', ...oneOf('mg', 'counts2048') },
  engine_odometer_unit_km: { key: 'engineOdometerUnitKm', ...number(0.0001, 1000, 'km a count') },
  field_widths: {
    key: 'fieldWidths',
    valid: (v) =>
      typeof v === 'object' &&
      v !== null &&
      !Array.isArray(v) &&
      Object.entries(v).every(([code, type]) => CODE.test(code) && WIDTHS.has(String(type))),
    remedy: `use an object of code to type, such as {"BP": "u8"}; types are ${[...WIDTHS].join(', ')}`,
  },
  ignition_from_input_0: { key: 'ignitionFromInput0', ...flag },
  time_mode: { key: 'timeMode', ...oneOf('auto', 'epoch', 'calendar') },
};

/** Names that users may write. */
export const DEVICE_SETTING_NAMES: readonly string[] = Object.keys(RULES);

/** Reads the JSON text of a device's settings. Null and '' are no settings. Never throws. */
export function parseDeviceSettings(json: string | null): ParsedSettings {
  if (json === null || json.trim() === '') return { settings: {}, problems: [] };
  let object: unknown;
  try {
    object = JSON.parse(json);
  } catch {
    object = undefined;
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object))
    return { settings: {}, problems: [{ field: 'decoder', remedy: 'use a JSON object of settings' }] };
  const settings: Record<string, unknown> = {};
  const problems: SettingProblem[] = [];
  for (const [name, value] of Object.entries(object)) {
    const rule = RULES[name];
    if (rule === undefined)
      problems.push({ field: `decoder.${name}`, remedy: `unknown; known are ${DEVICE_SETTING_NAMES.join(', ')}` });
    else if (!rule.valid(value)) problems.push({ field: `decoder.${name}`, remedy: rule.remedy });
    else settings[rule.key] = value;
  }
  return { settings, problems };
}

/** The settings as JSON in the users' names, for a RoutedCommand. */
export function formatDeviceSettings(settings: DeviceSettings): string {
  const named: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(RULES)) {
    const value = settings[rule.key];
    if (value !== undefined) named[name] = value;
  }
  return JSON.stringify(named);
}

/**
 * Settings of devices: what commands set, under a name, as desired and as reported. The value of a setting is JSON: a scalar where its
 * command has one argument that matters, else the arguments as an object.
 */
import type { ProtocolId } from '../protocol.js';
import { catalogueOf } from './catalogue.js';
import type { Args, CommandSpec, SettingLink } from './spec.js';

export interface SettingValue {
  readonly name: string;
  readonly value: unknown;
}
export interface WantedCommand {
  readonly name: string;
  readonly args: Args;
}

/** What these arguments set. */
export function settingsOf({ setting }: CommandSpec, args: Args): readonly SettingValue[] {
  if (setting === null) return [];
  if (setting.each !== undefined) {
    const members = args[setting.each];
    return Object.entries(isObject(members) ? members : {}).map(([name, value]) => ({ name: canonical(name), value }));
  }
  if (setting.argument !== undefined) return [{ name: setting.name, value: args[setting.argument] }];
  const hidden = new Set([...(setting.without ?? []), ...(setting.index === undefined ? [] : [setting.index])]);
  const value = Object.fromEntries(Object.entries(args).filter(([name]) => !hidden.has(name)));
  const number = setting.index === undefined ? '' : `.${String(args[setting.index])}`;
  return [{ name: `${setting.name}${number}`, value }];
}

/** The command that sets a setting; null: the type has no such setting. */
export function commandThatSets(type: ProtocolId, name: string, value: unknown): WantedCommand | null {
  for (const spec of catalogueOf(type).values()) {
    const { setting } = spec;
    if (setting === null || setting.each !== undefined) continue;
    const number = numberIn(setting, name);
    if (number === null) continue;
    const own = setting.argument === undefined ? (isObject(value) ? value : {}) : { [setting.argument]: value };
    const args = { ...setting.fixed, ...own, ...(setting.index !== undefined && { [setting.index]: number }) };
    return { name: spec.name, args };
  }
  for (const spec of catalogueOf(type).values())
    if (spec.setting?.each !== undefined && HEX_ID.test(name))
      return { name: spec.name, args: { [spec.setting.each]: { [name]: value } } };
  return null;
}

/** Commands whose answers say what the device has, of one setting or of all. */
export function commandsThatRead(type: ProtocolId, name?: string): readonly WantedCommand[] {
  const found = new Map<string, WantedCommand>();
  for (const { setting } of catalogueOf(type).values()) {
    if (setting?.read === undefined) continue;
    if (name !== undefined && setting.name !== name && !(setting.each !== undefined && HEX_ID.test(name))) continue;
    const args = name !== undefined && setting.each !== undefined ? { ids: [name] } : setting.read.args;
    const narrow = name === undefined && Object.keys(args).length > 0;
    // Of all: the query of one parameter is part of the query of all of them.
    if (!narrow) found.set(setting.read.name, { name: setting.read.name, args });
  }
  return [...found.values()];
}

/** Names of a type's settings for people. */
export function settingNames(type: ProtocolId): readonly string[] {
  return [...catalogueOf(type).values()].flatMap(({ setting }) => {
    if (setting === null) return [];
    if (setting.each !== undefined) return ['0xNNNN'];
    return [setting.index === undefined ? setting.name : `${setting.name}.N`];
  });
}

export type Drift = 'in_sync' | 'drift' | 'unknown' | 'not_set';

/** Desired against reported; undefined: there is none. A reported object may say more than what was wanted. */
export function driftOf(desired: unknown, reported: unknown): Drift {
  if (desired === undefined) return 'not_set';
  if (reported === undefined || reported === null) return 'unknown';
  return holds(desired, reported) ? 'in_sync' : 'drift';
}

function holds(desired: unknown, reported: unknown): boolean {
  if (Array.isArray(desired))
    return (
      Array.isArray(reported) &&
      desired.length === reported.length &&
      desired.every((one, index) => holds(one, reported[index]))
    );
  if (isObject(desired))
    return isObject(reported) && Object.entries(desired).every(([name, value]) => holds(value, reported[name]));
  // Hex text stands for its number.
  if (typeof desired !== typeof reported) return Number(desired) === Number(reported);
  return desired === reported;
}

/** Parameter ids: `0x29` and `0x0029` are one. */
const HEX_ID = /^0[xX][0-9a-fA-F]{1,8}$/;
const canonical = (name: string): string =>
  HEX_ID.test(name) ? `0x${Number.parseInt(name, 16).toString(16).padStart(4, '0')}` : name;

function numberIn(setting: SettingLink, name: string): number | null {
  if (setting.index === undefined) return setting.name === canonical(name) ? 0 : null;
  const found = /^(.+)\.(\d{1,5})$/.exec(name);
  return found?.[1] === setting.name ? Number(found[2]) : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

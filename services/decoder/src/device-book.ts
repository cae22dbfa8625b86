/**
 * What the decoder knows of the devices of one partition: `devices` (what users set) and the reported side of
 * `device-settings` (what devices said). Both come as compacted tables, read again after every rejoin.
 */
import type { DeviceSettings } from '@fleetwire/protocols';
import { parseDeviceSettings } from '@fleetwire/protocols';
import type { Device, Setting } from '@fleetwire/schemas';

/** Versions of one reported setting that are kept: a frame is decoded with the newest below its own offset. */
export const SETTING_HISTORY_MAX = 16;
/** Frames of a device that wait for its report format; the oldest are counted out. */
export const WAITING_FRAMES_MAX = 1000;

/** The setting that holds an ATrack device's report format. */
export const FORM = 'form';

interface Known {
  device: Device | null;
  configured: DeviceSettings;
  reported: Map<string, Setting>;
}

const NONE: DeviceSettings = Object.freeze({});

export class DeviceBook {
  readonly #devices = new Map<string, Known>();
  readonly #onProblem: (ident: string, field: string, remedy: string) => void;

  constructor(onProblem: (ident: string, field: string, remedy: string) => void) {
    this.#onProblem = onProblem;
  }

  /** A record of `devices`; null: the device was removed. */
  putDevice(ident: string, device: Device | null): void {
    const known = this.#known(ident);
    known.device = device;
    const { settings, problems } = parseDeviceSettings(device?.decoder ?? null);
    known.configured = settings;
    for (const { field, remedy } of problems) this.#onProblem(ident, field, remedy);
    this.#forget(ident, known);
  }

  /** A record of `device-settings`; only the reported side matters here. */
  putSetting(ident: string, name: string, setting: Setting | null): void {
    if (setting !== null && setting.side !== 'reported') return;
    // Learnt, and without versions to decode with: of no use here, and a device may have dozens of them.
    if (setting !== null && setting.source !== null && setting.history.length === 0) return;
    const known = this.#known(ident);
    if (setting === null) known.reported.delete(name);
    else known.reported.set(name, setting);
    this.#forget(ident, known);
  }

  device(ident: string): Device | null {
    return this.#devices.get(ident)?.device ?? null;
  }

  setting(ident: string, name: string): Setting | null {
    return this.#devices.get(ident)?.reported.get(name) ?? null;
  }

  /**
   * The settings for a frame at `offset` of raw-frames: what users set, over it the newest reported version from a lower
   * offset. So a replay and a crash decode alike.
   */
  settingsFor(ident: string, offset: number): DeviceSettings {
    const known = this.#devices.get(ident);
    if (known === undefined) return NONE;
    if (known.reported.size === 0) return known.configured;
    let settings: DeviceSettings = known.configured;
    for (const setting of known.reported.values()) {
      const version = setting.history.findLast((v) => v.source_offset < offset);
      if (version !== undefined) settings = { ...settings, ...reportedSettings(version.value) };
    }
    return settings;
  }

  #known(ident: string): Known {
    let known = this.#devices.get(ident);
    if (known === undefined) {
      known = { device: null, configured: NONE, reported: new Map() };
      this.#devices.set(ident, known);
    }
    return known;
  }

  #forget(ident: string, known: Known): void {
    if (known.device === null && known.reported.size === 0) this.#devices.delete(ident);
  }
}

/** What `learnSetting` stored: the part of the learnt value that changes decoding. */
function reportedSettings(value: string): DeviceSettings {
  const parsed: unknown = JSON.parse(value);
  const settings = (parsed as { settings?: unknown }).settings;
  return typeof settings === 'object' && settings !== null ? settings : NONE;
}

/**
 * The next record of a reported setting after a frame at `offset` taught `value`. Null: nothing to write, because a newer frame
 * has taught already or the value is the same.
 */
export function learnSetting(
  before: Setting | null,
  learnt: { readonly ident: string; readonly name: string; readonly value: unknown; readonly settings: DeviceSettings },
  offset: number,
  atUs: number,
  source: string,
): Setting | null {
  const value = JSON.stringify({ value: learnt.value, settings: learnt.settings });
  const history = before?.history ?? [];
  const newest = history.at(-1);
  if (newest !== undefined && (newest.source_offset >= offset || newest.value === value)) return null;
  const version = { value, source_offset: offset, source, at: atUs };
  return {
    ident: learnt.ident,
    name: learnt.name,
    side: 'reported',
    value: JSON.stringify(learnt.value),
    at: atUs,
    by: null,
    command_id: null,
    source,
    source_offset: offset,
    history: [...history, version].slice(-SETTING_HISTORY_MAX),
    waiting: before?.waiting ?? [],
    waiting_dropped: before?.waiting_dropped ?? 0,
  };
}

/** Without frames that wait no more. Null: none of them waited. */
export function withoutWaiting(setting: Setting, served: ReadonlySet<number>): Setting | null {
  const waiting = setting.waiting.filter((offset) => !served.has(offset));
  return waiting.length === setting.waiting.length ? null : { ...setting, waiting };
}

/** The next record of a setting for which the frame at `offset` now waits. Null: it waits already. */
export function awaitSetting(
  before: Setting | null,
  ident: string,
  name: string,
  offset: number,
  atUs: number,
): Setting | null {
  const waiting = before?.waiting ?? [];
  if (waiting.includes(offset)) return null;
  const all = [...waiting, offset].sort((a, b) => a - b);
  const dropped = Math.max(0, all.length - WAITING_FRAMES_MAX);
  return {
    ident,
    name,
    side: 'reported',
    value: before?.value ?? null,
    at: before?.at ?? atUs,
    by: null,
    command_id: null,
    source: before?.source ?? null,
    source_offset: before?.source_offset ?? null,
    history: before?.history ?? [],
    waiting: all.slice(dropped),
    waiting_dropped: (before?.waiting_dropped ?? 0) + dropped,
  };
}

/**
 * What the dispatcher knows of the devices of one partition: `devices` (what users set) and `device-settings` (desired and reported).
 * Both are compacted tables that are read again after every rejoin.
 */
import { deviceTypeOf, formatDeviceSettings, parseDeviceSettings, type ProtocolId } from '@fleetwire/protocols';
import type { Device, Setting } from '@fleetwire/schemas';

/** Of a device only what commands need: there may be a million of them. */
interface Known {
  type: string | null;
  protocol: string | null;
  phone: string | null;
  decoder: string | null;
  /** Name → newest decode settings that the device taught; null: none. */
  taught: Map<string, string> | null;
}

/** What many devices have alike is kept once. */
const SHARED_MAX = 10_000;

export class DeviceTable {
  readonly #devices = new Map<string, Known>();
  readonly #shared = new Map<string, string>();

  putDevice(ident: string, device: Device | null): void {
    const known = this.#known(ident);
    known.type = this.#one(device?.type ?? null);
    known.protocol = this.#one(device?.protocol ?? null);
    known.phone = device?.phone ?? null;
    known.decoder = this.#one(device?.decoder ?? null);
    this.#forget(ident, known);
  }

  /** Only what changes decoding is kept, as the decoder wrote it: `{"value": …, "settings": {…}}`. */
  putSetting(ident: string, name: string, side: string, setting: Setting | null): void {
    if (side !== 'reported') return;
    const known = this.#known(ident);
    const newest = setting?.history.at(-1);
    if (newest !== undefined) (known.taught ??= new Map()).set(name, newest.value);
    else if (known.taught?.delete(name) === true && known.taught.size === 0) known.taught = null;
    this.#forget(ident, known);
  }

  phone(ident: string): string | null {
    return this.#devices.get(ident)?.phone ?? null;
  }

  /** What users say that the device is. */
  type(ident: string): string | null {
    return this.#devices.get(ident)?.type ?? null;
  }

  /** What it speaks, as far as users have said it; null: not known. */
  protocol(ident: string): ProtocolId | null {
    const known = this.#devices.get(ident);
    return deviceTypeOf(known?.protocol) ?? deviceTypeOf(known?.type);
  }

  /** Decode settings for the edge: what users set, over it what the device taught last. */
  settings(ident: string): string {
    const known = this.#devices.get(ident);
    if (known === undefined) return '{}';
    let { settings } = parseDeviceSettings(known.decoder);
    for (const value of known.taught?.values() ?? []) {
      const { settings: taught } = JSON.parse(value) as { readonly settings?: typeof settings };
      settings = { ...settings, ...taught };
    }
    return formatDeviceSettings(settings);
  }

  #one(text: string | null): string | null {
    if (text === null) return null;
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    if (this.#shared.size < SHARED_MAX) this.#shared.set(text, text);
    return text;
  }

  #known(ident: string): Known {
    let known = this.#devices.get(ident);
    if (known === undefined) {
      known = { type: null, protocol: null, phone: null, decoder: null, taught: null };
      this.#devices.set(ident, known);
    }
    return known;
  }

  #forget(ident: string, { type, protocol, phone, decoder, taught }: Known): void {
    if (type === null && protocol === null && phone === null && decoder === null && taught === null)
      this.#devices.delete(ident);
  }
}

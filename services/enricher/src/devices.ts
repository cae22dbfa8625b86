/**
 * What the device table says of a device: tenant, group, limits, input map, privacy. Devices come with the partition's own table; groups
 * (`group:NAME`) may lie on any partition, so each process reads them whole (see docs/decisions/device-groups.md).
 */
import type { Device, Telemetry } from '@fleetwire/schemas';
import { INPUT_BIT, INPUTS_MAX } from './events/alarm-table.js';
import type { World } from './fold/world.js';
import { thresholdsOf } from './fold/thresholds.js';
import type { FenceBook } from './geofence/book.js';
import type { AlarmBits } from './log/entry.js';

export const GROUP_PREFIX = 'group:';

/** Groups of all devices, by name. */
export class GroupBook {
  readonly #groups = new Map<string, Device>();
  /** Counts up with each change. */
  version = 0;

  /** Takes a record of `devices` when it is a group's; false: it is a device's. */
  put(ident: string, group: Device | null): boolean {
    if (!ident.startsWith(GROUP_PREFIX)) return false;
    this.version++;
    const name = ident.slice(GROUP_PREFIX.length);
    if (group === null) this.#groups.delete(name);
    else this.#groups.set(name, group);
    return true;
  }

  get(name: string | null): Device | undefined {
    return name === null ? undefined : this.#groups.get(name);
  }
}

type Input = Device['inputs'][number];

/** What holds for one device now. */
export interface Profile {
  readonly tenant: string | null;
  readonly hides: boolean;
  readonly inputs: readonly Input[];
  readonly world: World;
}

/** Profiles of a partition's devices; worked out when asked for, and again after a change. */
export class DeviceBook {
  readonly #devices = new Map<string, Device>();
  readonly #profiles = new Map<string, Profile>();
  readonly #plain: Profile;
  #groupsVersion = -1;
  #fenced = false;

  constructor(
    private readonly groups: GroupBook,
    private readonly fences: FenceBook,
  ) {
    this.#plain = {
      tenant: null,
      hides: false,
      inputs: [],
      world: { thresholds: thresholdsOf(), fences: null, inputEvents: [] },
    };
  }

  put(ident: string, device: Device | null): void {
    if (device === null) this.#devices.delete(ident);
    else this.#devices.set(ident, device);
    this.#profiles.delete(ident);
  }

  profile(ident: string): Profile {
    const fenced = this.fences.size > 0;
    if (this.#groupsVersion !== this.groups.version || fenced !== this.#fenced) {
      this.#profiles.clear();
      this.#groupsVersion = this.groups.version;
      this.#fenced = fenced;
    }
    const device = this.#devices.get(ident);
    if (device === undefined && !fenced) return this.#plain;
    let profile = this.#profiles.get(ident);
    if (profile === undefined) this.#profiles.set(ident, (profile = this.#profileOf(ident, device)));
    return profile;
  }

  #profileOf(ident: string, device: Device | undefined): Profile {
    const group = this.groups.get(device?.group ?? null);
    const tenant = device?.tenant ?? null;
    const inputs = device === undefined || device.inputs.length === 0 ? (group?.inputs ?? []) : device.inputs;
    return {
      tenant,
      hides: device?.privacy === 'hide' || group?.privacy === 'hide',
      inputs,
      world: {
        thresholds:
          device === undefined && group === undefined
            ? this.#plain.world.thresholds
            : thresholdsOf(group?.thresholds, device?.thresholds),
        fences: this.fences.of({ ident, tenant, group: device?.group ?? null }),
        inputEvents: eventInputs(inputs).map(({ input, event }) => ({ event: event ?? input, parameter: input })),
      },
    };
  }
}

const eventInputs = (inputs: readonly Input[]): readonly Input[] =>
  inputs.filter(({ event }) => event !== null && event !== '').slice(0, INPUTS_MAX);

/** Value of an input in a report: a bit as a boolean, an analog input scaled; null: the report does not say. */
function valueOf(report: Telemetry, { input, inverted, factor, offset }: Input): boolean | number | null {
  const [, kind, number] = /^(din|dout|ain)\.(\d+)$/.exec(input) ?? [];
  if (kind === 'ain') {
    const raw =
      number === '1' ? report.ain_1 : number === '2' ? report.ain_2 : (report.numbers[`ain.${number ?? ''}`] ?? null);
    return raw === null ? null : raw * (factor ?? 1) + (offset ?? 0);
  }
  if (kind === 'din' || kind === 'dout') {
    const mask = kind === 'din' ? report.din : report.dout;
    return mask === null ? null : (Math.floor(mask / 2 ** (Number(number) - 1)) % 2 === 1) !== inverted;
  }
  const [, reason] = /^report\.reason\.(\d+)$/.exec(input) ?? [];
  // A report id is there or not: it is no level that could be low.
  return reason !== undefined && report.report_reason === Number(reason) ? true : null;
}

/** Bits of the events of a device's input map: known and on for inputs, on alone for a report's id. */
export function inputBits(report: Telemetry, inputs: readonly Input[]): AlarmBits {
  let known = 0;
  let on = 0;
  for (const [index, input] of eventInputs(inputs).entries()) {
    const value = valueOf(report, input);
    if (value === null) continue;
    const bit = 1 << (INPUT_BIT + index);
    if (!input.input.startsWith('report.')) known |= bit;
    if (value !== false && value !== 0) on |= bit;
  }
  return { known: known >>> 0, on: on >>> 0 };
}

/** The report with what its inputs mean on this device; the same object when they mean nothing. */
export function withInputs(report: Telemetry, inputs: readonly Input[]): Telemetry {
  let changed = report;
  for (const input of inputs) {
    if (input.parameter === null || input.parameter === '') continue;
    const value = valueOf(report, input);
    if (value !== null) changed = withParameter(changed, input.parameter, value);
  }
  return changed;
}

/** Sets a parameter by its dotted name: the field of that name and type, or an entry of a map. */
function withParameter(report: Telemetry, parameter: string, value: boolean | number): Telemetry {
  const field = parameter.replaceAll('.', '_');
  if (field in report) {
    const own: unknown = report[field as keyof Telemetry];
    return own === null || typeof own === typeof value ? { ...report, [field]: value } : report;
  }
  return typeof value === 'boolean'
    ? { ...report, flags: { ...report.flags, [parameter]: value } }
    : { ...report, numbers: { ...report.numbers, [parameter]: value } };
}

/** The report as it may be shown while its user hides it: nothing that says where it was. */
export function hidden(report: Telemetry): Telemetry {
  const numbers = Object.entries(report.numbers).filter(([name]) => !name.startsWith('position.'));
  return {
    ...report,
    numbers: Object.fromEntries(numbers),
    position_latitude: null,
    position_longitude: null,
    position_altitude: null,
    position_speed: null,
    position_direction: null,
    position_max_speed: null,
    position_accuracy: null,
    gsm_lac: null,
    gsm_cellid: null,
    geofence_id: null,
    cells: null,
    wifi: null,
    ble_beacons: null,
  };
}

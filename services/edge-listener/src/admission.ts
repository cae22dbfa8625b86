/**
 * Who may send: the topic `devices` as far as it differs from the default, so that a million ordinary devices cost nothing here.
 *
 * A device's own value wins over its group's. An alias leads to its device. With unknown devices refused, every ident is kept.
 */
import type { Device } from '@fleetwire/schemas';
import { parseDeviceSettings, type DeviceSettings, type ProtocolId } from '@fleetwire/protocols';
import { MinuteRates } from './limits.js';
import type { RefusalReason } from './metrics.js';

interface Limits {
  readonly framesPerMinute: number;
  readonly bytesPerMinute: number;
}
/** What of a device or a group differs from the default. */
interface Row {
  readonly admission: 'default' | 'allowed' | 'blocked';
  readonly protocol: string | null;
  readonly group: string | null;
  readonly limits: Limits | null;
  readonly settings: DeviceSettings | null;
  readonly aliases: readonly string[];
}

const NO_SETTINGS: DeviceSettings = {};
const GROUP_PREFIX = 'group:';

export class Admission {
  readonly #unknown: 'allow' | 'refuse';
  readonly #limits: Limits | null;
  readonly #rows = new Map<string, Row>();
  readonly #aliases = new Map<string, string>();
  /** Only kept where unknown devices are refused. */
  readonly #known = new Set<string>();
  readonly #rates = new MinuteRates();

  /** `framesPerMinute`: of a device that has no limits of its own; null: as many as it likes. */
  constructor(unknown: 'allow' | 'refuse', framesPerMinute: number | null = null) {
    this.#unknown = unknown;
    this.#limits = framesPerMinute === null ? null : { framesPerMinute, bytesPerMinute: Infinity };
  }

  get rows(): number {
    return this.#rows.size;
  }

  /** A record of `devices`; null: a tombstone. */
  put(ident: string, device: Device | null): void {
    const before = this.#rows.get(ident);
    for (const alias of before?.aliases ?? []) if (this.#aliases.get(alias) === ident) this.#aliases.delete(alias);
    this.#rows.delete(ident);
    this.#known.delete(ident);
    if (device === null) return;
    if (this.#unknown === 'refuse') this.#known.add(ident);
    const row = rowOf(device);
    if (row === null) return;
    this.#rows.set(ident, row);
    for (const alias of row.aliases) this.#aliases.set(alias, ident);
  }

  /** The device behind what a connection calls itself. */
  identOf(said: string): string {
    return this.#aliases.size === 0 ? said : (this.#aliases.get(said) ?? said);
  }

  /** Settings that framing and answers need, by what the connection calls itself. */
  settingsOf = (said: string): DeviceSettings => {
    if (this.#rows.size === 0) return NO_SETTINGS;
    const ident = this.identOf(said);
    const row = this.#rows.get(ident);
    return row?.settings ?? this.#groupOf(row)?.settings ?? NO_SETTINGS;
  };

  /** Null: the device may send this frame. */
  refusal(ident: string, protocol: ProtocolId, bytes: number, nowMs: number): RefusalReason | null {
    const row = this.#rows.get(ident);
    if (row === undefined) {
      if (this.#unknown === 'refuse' && !this.#known.has(ident)) return 'unknown_device';
      return this.#limits === null ? null : this.#over(ident, this.#limits, bytes, nowMs);
    }
    const group = this.#groupOf(row);
    const admission = row.admission === 'default' ? (group?.admission ?? 'default') : row.admission;
    if (admission === 'blocked') return 'blocked';
    const wanted = row.protocol ?? group?.protocol ?? null;
    if (wanted !== null && wanted !== protocol) return 'wrong_protocol';
    const limits = row.limits ?? group?.limits ?? this.#limits;
    return limits === null ? null : this.#over(ident, limits, bytes, nowMs);
  }

  #over(ident: string, limits: Limits, bytes: number, nowMs: number): RefusalReason | null {
    const minute = this.#rates.add(ident, bytes, nowMs);
    return minute.events > limits.framesPerMinute || minute.amount > limits.bytesPerMinute ? 'rate_limited' : null;
  }

  #groupOf(row: Row | undefined): Row | undefined {
    return row?.group === null || row === undefined ? undefined : this.#rows.get(GROUP_PREFIX + row.group);
  }
}

/** Null: nothing differs from the default. */
function rowOf(device: Device): Row | null {
  const { settings } = parseDeviceSettings(device.decoder);
  const limits = device.limits;
  const row: Row = {
    admission: device.admission,
    protocol: device.protocol,
    group: device.group,
    limits:
      limits === null
        ? null
        : {
            framesPerMinute: limits.frames_per_minute ?? Infinity,
            bytesPerMinute: limits.bytes_per_minute ?? Infinity,
          },
    settings: Object.keys(settings).length === 0 ? null : settings,
    aliases: device.aliases,
  };
  const differs =
    row.admission !== 'default' ||
    row.protocol !== null ||
    row.group !== null ||
    row.limits !== null ||
    row.settings !== null ||
    row.aliases.length > 0;
  return differs ? row : null;
}

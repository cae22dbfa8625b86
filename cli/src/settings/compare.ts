/** Settings of a device side by side: what is wanted and what the device has. Pure. */
import { driftOf, type Drift } from '@fleetwire/protocols';
import type { Setting } from '@fleetwire/schemas';

export interface SettingRow {
  readonly ident: string;
  readonly setting: string;
  /** Absent: nothing is wanted, or nothing was reported. */
  readonly desired?: unknown;
  readonly reported?: unknown;
  readonly status: Drift;
  /** ISO times. */
  readonly desired_at?: string;
  readonly reported_at?: string;
  /** How the reported value was learnt: `reply`, `inline`, or `confirmed` when the device only confirmed the command. */
  readonly source?: string;
  readonly command_id?: string;
}

/** One row a setting, by device and name. */
export function compareSettings(settings: readonly Setting[]): readonly SettingRow[] {
  const pairs = new Map<string, { desired?: Setting; reported?: Setting }>();
  for (const setting of settings) {
    const key = `${setting.ident}|${setting.name}`;
    const pair = pairs.get(key) ?? {};
    pair[setting.side] = setting;
    pairs.set(key, pair);
  }
  return [...pairs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, { desired, reported }]) => {
      const one = desired ?? reported;
      if (one === undefined) return [];
      const [wanted, has] = [valueOf(desired), valueOf(reported)];
      return [
        {
          ident: one.ident,
          setting: one.name,
          ...(wanted !== undefined && { desired: wanted }),
          ...(has !== undefined && { reported: has }),
          status: driftOf(wanted, has),
          ...(desired !== undefined && { desired_at: timeOf(desired) }),
          ...(reported !== undefined && { reported_at: timeOf(reported) }),
          ...(typeof reported?.source === 'string' && { source: reported.source }),
          ...(typeof desired?.command_id === 'string' && { command_id: desired.command_id }),
        },
      ];
    });
}

function valueOf(setting: Setting | undefined): unknown {
  return setting === undefined || setting.value === null ? undefined : (JSON.parse(setting.value) as unknown);
}
const timeOf = ({ at }: Setting): string => new Date(at / 1_000).toISOString();

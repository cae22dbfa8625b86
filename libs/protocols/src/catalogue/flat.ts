/**
 * The JSON form of a report: flat, dotted names, unset parameters left out, times of the root in seconds.
 *
 * Keys of the root: `message.id`, `revision`, `kind`, `ident`, `tenant`, `timestamp`, `device.timestamp`, `server.timestamp`,
 * `protocol`, `peer`, `frame.ref`, `decoder.version`, `quality`, `report.reasons`. Then the parameters: the root wins over all, and hot fields win
 * over the maps, which hold a promoted parameter a second time for one release.
 */
import { HOT_FIELDS, LIST_FIELDS } from './names.generated.js';
import type { FrameRef, Report } from './report.generated.js';

type Fields<Names extends readonly (readonly [string, ...unknown[]])[]> = Names[number][0];

/** What is read of a report; a decoded Telemetry value has it too. */
export interface Flattenable extends Pick<Report, Fields<typeof HOT_FIELDS> | Fields<typeof LIST_FIELDS>> {
  readonly message_id: string;
  readonly revision: number;
  readonly kind: string;
  readonly ident: string;
  readonly tenant: string | null;
  readonly timestamp: number;
  readonly device_time: number | null;
  readonly received_at: number;
  readonly protocol: string;
  readonly peer: string;
  readonly frame_ref: FrameRef | null;
  readonly decoder_version: string;
  readonly quality: readonly string[];
  readonly report_reasons: readonly string[];
  readonly numbers: Readonly<Record<string, number>>;
  readonly strings: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, boolean>>;
}

export type FlatReport = Record<string, unknown>;

const US_PER_S = 1e6;

/** One member of a typed array, with dotted keys. An OBD-II code is its text alone, as product pages show it. */
function flatMember(member: object, names: readonly (readonly [string, string])[]): unknown {
  const values = new Map(Object.entries(member));
  if (values.get('standard') === 'OBDII' && typeof values.get('code') === 'string') return values.get('code');
  const flat: Record<string, unknown> = {};
  for (const [field, name] of names) {
    const value: unknown = values.get(field);
    if (value !== null && value !== undefined) flat[name] = value;
  }
  return flat;
}

/** Flat form of a report. What it returns shares no map with the report, but may share arrays of texts. */
export function reportToFlat(report: Flattenable): FlatReport {
  const flat: FlatReport = {
    'message.id': report.message_id,
    revision: report.revision,
    kind: report.kind,
    ident: report.ident,
    timestamp: report.timestamp / US_PER_S,
    'server.timestamp': report.received_at / US_PER_S,
    protocol: report.protocol,
    peer: report.peer,
    'decoder.version': report.decoder_version,
  };
  if (report.tenant !== null) flat['tenant'] = report.tenant;
  if (report.device_time !== null) flat['device.timestamp'] = report.device_time / US_PER_S;
  if (report.frame_ref !== null) flat['frame.ref'] = { ...report.frame_ref };
  if (report.quality.length > 0) flat['quality'] = report.quality;
  flat['report.reasons'] = report.report_reasons;
  for (const map of [report.numbers, report.strings, report.flags])
    for (const [name, value] of Object.entries(map)) if (!(name in flat)) flat[name] = value;
  for (const [field, name] of HOT_FIELDS) {
    const value = report[field];
    if (value !== null) flat[name] = value;
  }
  for (const [field, name, members] of LIST_FIELDS) {
    const list = report[field];
    if (list !== null) flat[name] = list.map((member) => flatMember(member, members));
  }
  return flat;
}

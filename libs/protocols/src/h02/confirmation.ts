/** V4: the device confirms a command. `V4,<CMD>[,<param>…],<hhmmss>,<position block>[,cell group]` */
import type { Report } from '../catalogue/report.generated.js';
import type { CommandResponse } from '../protocol.js';
import { FIRST, type TextFields } from './fields.js';

/** S32 counts in knot-seconds: 1852/3600 m. */
const KM_PER_KNOT_SECOND = 1852 / 3600 / 1000;

/**
 * What the device confirms. `block` is the index of the latitude, or -1: then there is no telemetry, and the echoed time is the
 * first field that can be one. `V4V1` has its command in the type field. The mileage of S32 goes into the report.
 */
export function confirmationOf(f: TextFields, block: number, report: Report): CommandResponse {
  const joined = f.size(2) > 2;
  const command = joined ? f.text(2).slice(2) : f.text(FIRST);
  const params = joined ? FIRST : FIRST + 1;
  const echo = block >= 0 ? block - 3 : firstTime(f, params);
  const hasEcho = echo >= params && f.isSix(echo);
  const end = hasEcho ? echo : block >= 0 ? Math.max(params, block - 2) : f.count;
  const values: string[] = [];
  for (let i = params; i < end; i++) values.push(f.text(i));
  if (command === 'S32') {
    const ticks = f.decimal(params);
    if (ticks >= 0 && params < end) report.vehicle_mileage = Math.round(ticks * KM_PER_KNOT_SECOND * 1000) / 1000;
  }
  return {
    command,
    outcome: values.includes('ERROR') ? 'error' : 'ok',
    ...(values.length > 0 && { values }),
    ...(hasEcho && { tag: f.text(echo) }),
  };
}

/** Without a block: six digits that are followed by six more (the device's own time or date), or that are all there is left. */
function firstTime(f: TextFields, from: number): number {
  for (let i = from; i < f.count; i++) if (f.isSix(i) && (i + 1 >= f.count || f.isSix(i + 1))) return i;
  return -1;
}

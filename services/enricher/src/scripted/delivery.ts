/** Orders of arrival. No report comes later than the horizon allows; each is received when it comes. */
import type { Telemetry } from '@fleetwire/schemas';
import { EPOCH_US } from '../testing.js';
import type { Random } from './random.js';

export const MODES = ['in order', 'shuffled', 'doubled', 'black spots', 'all at once'] as const;
export type Mode = (typeof MODES)[number];

/** s that a report may come late: a little less than the horizon. */
const LATE_MAX_S = 5.9 * 3600;

interface Arrival {
  readonly report: Telemetry;
  readonly atS: number;
}

const secondsOf = (report: Telemetry): number => (report.device_time! - EPOCH_US) / 1e6;

/** When each report of a device arrives, s; a report may arrive more than once. */
export function arrivals(reports: readonly Telemetry[], mode: Mode, random: Random): Arrival[] {
  const list: Arrival[] = reports.map((report) => ({ report, atS: secondsOf(report) }));
  const has = (wanted: Mode): boolean => mode === wanted || mode === 'all at once';
  let found = list;
  if (has('shuffled')) found = found.map(({ report, atS }) => ({ report, atS: atS + random.next() * LATE_MAX_S }));
  if (has('black spots')) found = blackSpots(found, random);
  if (has('doubled'))
    found = found.flatMap((arrival) => {
      if (!random.chance(0.1)) return [arrival];
      const room = secondsOf(arrival.report) + LATE_MAX_S - arrival.atS;
      return [arrival, { report: arrival.report, atS: arrival.atS + random.next() * Math.max(0, room) }];
    });
  return found;
}

/** Parts of the day, up to hours long, that come together at their end, newest first or oldest first. */
function blackSpots(list: readonly Arrival[], random: Random): Arrival[] {
  const spots = Array.from({ length: 3 }, () => {
    const fromS = random.next() * 70_000;
    return { fromS, toS: fromS + random.between(600, LATE_MAX_S * 0.9), newestFirst: random.chance(0.5) };
  });
  return list.map((arrival) => {
    const own = secondsOf(arrival.report);
    const spot = spots.find(({ fromS, toS }) => own >= fromS && own <= toS);
    if (spot === undefined) return arrival;
    const part = (own - spot.fromS) / (spot.toS - spot.fromS);
    return { ...arrival, atS: spot.toS + (spot.newestFirst ? 1 - part : part) * 60 };
  });
}

/** All arrivals of a fleet as batches of an input partition. */
export function batches(all: readonly Arrival[], size: () => number): Telemetry[][] {
  const ordered = [...all].sort((a, b) => a.atS - b.atS);
  let nowUs = 0;
  const reports = ordered.map(({ report, atS }) => {
    nowUs = Math.max(nowUs, EPOCH_US + Math.round(atS * 1e6) + 1_000_000);
    return { ...report, received_at: nowUs };
  });
  const found: Telemetry[][] = [];
  for (let from = 0; from < reports.length;) {
    const count = Math.max(1, size());
    found.push(reports.slice(from, from + count));
    from += count;
  }
  return found;
}

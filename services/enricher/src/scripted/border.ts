/**
 * Hysteresis of fences, against the truth: a vehicle that parks just inside a border, where noise takes its fixes out and in again, is there once; a stray fix
 * inside of another fence is no visit. Findings are texts; none is right.
 */
import type { Telemetry } from '@fleetwire/schemas';
import { DeviceBook, GroupBook } from '../devices.js';
import { FenceBook } from '../geofence/book.js';
import { EPOCH_US, geofence, reportAt, TestDevice } from '../testing.js';
import { seeded } from './random.js';

const METRE = 1 / 111_195;
const RADIUS_M = 200;
const EVERY_S = 20;
/** Where it parks, m from the centre: fixes are up to NOISE_M off. */
const PARKED_M = RADIUS_M - 5;
const NOISE_M = 25;
const ENTERED_S = 5 * EVERY_S;
const LEFT_S = ENTERED_S + 3600;
const STRAY_S = [2 * EVERY_S, LEFT_S + 6 * EVERY_S];

/** Metres north of the yard's centre at a time. */
function placeM(seconds: number): number {
  if (seconds < ENTERED_S) return 1500 - seconds * 5;
  return seconds < LEFT_S ? PARKED_M : 600 + (seconds - LEFT_S) * 5;
}

/** What of the hour at the border is not told as it was. */
export function borderFindings(seed: number): string[] {
  const random = seeded(seed);
  const fences = new FenceBook();
  const circle = { shape: 'circle', radius_m: RADIUS_M } as const;
  const yard = { latitude: 50, longitude: 8 };
  const other = { latitude: 50, longitude: 8.1 };
  fences.put('yard', geofence({ ...circle, id: 'yard', center: yard }), 0);
  fences.put('other', geofence({ ...circle, id: 'other', center: other }), 0);
  const book = new DeviceBook(new GroupBook(), fences);
  const device = new TestDevice(() => book.profile('device'));
  const report = (seconds: number): Telemetry => {
    const parked = seconds >= ENTERED_S && seconds < LEFT_S;
    const noise = parked ? (2 * random.next() - 1) * NOISE_M : 0;
    return reportAt(seconds, {
      position_latitude: 50 + (placeM(seconds) + noise) * METRE,
      position_longitude: STRAY_S.includes(seconds) ? other.longitude : yard.longitude,
      ...(STRAY_S.includes(seconds) ? { position_latitude: other.latitude } : {}),
      position_speed: parked ? 0 : 20,
    });
  };
  for (let seconds = 0; seconds < LEFT_S + 300; seconds += EVERY_S) device.batch([report(seconds)]);
  const told = (type: string): string[] =>
    device.events(type).map((body) => {
      const { at = 0, geofence_id: id } = body as { readonly at?: number; readonly geofence_id?: string | null };
      return `${type} ${id ?? ''} ${(at - EPOCH_US) / 1e6}`;
    });
  const have = [...told('geofence_enter'), ...told('geofence_exit')];
  // The first fixes at the border may be outside by noise.
  const near = (text: string): string =>
    text.replace(/[0-9]+$/, (s) => (Math.abs(Number(s) - ENTERED_S) <= 10 * EVERY_S ? 'ENTERED' : s));
  const want = ['geofence_enter yard ENTERED', `geofence_exit yard ${LEFT_S}`];
  return have.map(near).join() === want.join() ? [] : [`have ${have.join(', ')}`];
}

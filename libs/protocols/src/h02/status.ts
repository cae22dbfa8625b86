/** The vehicle status word: 32 bits, active low (a 0 says that the condition is there). The same in text and `$` records. */
import type { Report } from '../catalogue/report.generated.js';

const ACC_OFF = 1 << 10;

/** Words kept as text: devices show few of the possible ones, again and again. Beyond that the cache starts anew. */
const WORDS_MAX = 4096;
const words = new Map<number, string>();

/** Eight upper-case hexadecimal digits. */
export function wordText(word: number): string {
  // As a signed number each of them is a small integer, which is looked up without hashing a double.
  const key = word | 0;
  const known = words.get(key);
  if (known !== undefined) return known;
  if (words.size >= WORDS_MAX) words.clear();
  const text = word.toString(16).toUpperCase().padStart(8, '0');
  words.set(key, text);
  return text;
}

/**
 * Writes the word (unsigned) and what its bits say. V4 confirmations carry the word but no ignition. `conditions`: also the
 * booleans of the alarm and state bits, true and false. Bits whose meaning differs between firmwares (5, 6, 11–12, 14–16, 18,
 * 20–24, 29–31) are in the bitmask only. Alarms latch: the event is a change from 1 to 0, which is not this function's to see.
 * Starts the report's maps of texts and flags: call it before anything else writes there.
 */
export function writeStatus(report: Report, word: number, ignition: boolean, conditions: boolean): void {
  report.strings = { 'vehicle.state': wordText(word) };
  report.vehicle_state_bitmask = word;
  if (ignition) report.engine_ignition_status = (word & ACC_OFF) !== 0;
  if (!conditions) return;
  report.sos_alarm = (word & 0x0000_0002) === 0;
  report.overspeeding_event = (word & 0x0000_0004) === 0;
  report.external_powersource_status = (word & 0x0008_0000) !== 0;
  report.towing_alarm_status = (word & 0x0200_0000) === 0;
  report.message_buffered_status = (word & 0x0400_0000) === 0;
  report.engine_blocked_status = (word & 0x0800_0000) === 0;
  report.power_cut_alarm = (word & 0x1000_0000) === 0;
  // One literal of a fixed shape: half the cost of eight setters on a hot path.
  report.flags = {
    'theft.alarm': (word & 0x0000_0001) === 0,
    'ignition.illegal.alarm': (word & 0x0000_0008) === 0,
    'geofence.enter.alarm': (word & 0x0000_0010) === 0,
    'geofence.exit.alarm': (word & 0x0000_0080) === 0,
    'door.open.status': (word & 0x0000_0100) === 0,
    'defense.active.status': (word & 0x0000_0200) === 0,
    'engine.running.status': (word & 0x0000_2000) === 0,
    'vibration.alarm': (word & 0x0002_0000) === 0,
  };
}

/**
 * Battery code of text frames, and byte 10 of `$` records: 1–6 is a scale, 7–100 the percentage itself. Null: not a code, or 0,
 * which says nothing.
 */
export function batteryLevel(code: number): number | null {
  if (code < 1 || code > 100) return null;
  return code < SCALE.length ? SCALE[code]! : code;
}
const SCALE = [0, 0, 10, 20, 60, 80, 100];

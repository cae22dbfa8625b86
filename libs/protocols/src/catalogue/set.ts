/**
 * Writing parameters into a report by dotted name. Protocol tables ask once at load for a setter and call it for each report;
 * code that knows a hot field assigns it directly (`report.position_speed = …`).
 */
import {
  HOT_FLAGS,
  HOT_NUMBERS,
  HOT_STRINGS,
  NO_LIST,
  NO_MAP,
  type Report,
  type SetFlag,
  type SetNumber,
  type SetString,
} from './report.generated.js';

/** Setter of a numeric parameter: the hot field, or the `numbers` map. */
export function numberSetter(name: string): SetNumber {
  return (
    HOT_NUMBERS[name] ??
    ((report, value) => {
      if (report.numbers === NO_MAP) report.numbers = {};
      report.numbers[name] = value;
    })
  );
}

/** Setter of a text parameter: the hot field, or the `strings` map. */
export function stringSetter(name: string): SetString {
  return (
    HOT_STRINGS[name] ??
    ((report, value) => {
      if (report.strings === NO_MAP) report.strings = {};
      report.strings[name] = value;
    })
  );
}

/** Setter of a boolean parameter: the hot field, or the `flags` map. */
export function flagSetter(name: string): SetFlag {
  return (
    HOT_FLAGS[name] ??
    ((report, value) => {
      if (report.flags === NO_MAP) report.flags = {};
      report.flags[name] = value;
    })
  );
}

/** Adds a reason why a value of this report is doubtful (`clock_suspect`, `value_out_of_range`), once. */
export function addQuality(report: Report, reason: string): void {
  if (report.quality === NO_LIST) report.quality = [reason];
  else if (!report.quality.includes(reason)) report.quality = [...report.quality, reason];
}

/**
 * `list` with an item more. Most lists of a frame stay empty or hold one thing, for which `push` would make room for seventeen; the
 * empty list may be a shared one, a longer one is the caller's own.
 */
export function append<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}

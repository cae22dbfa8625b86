/** Cells: the group of four behind the status word, and the neighbour lists of NBR, V3 and VP1. */
import type { Cell, Report } from '../catalogue/report.generated.js';
import { addQuality } from '../catalogue/set.js';
import type { TextFields } from './fields.js';

const COUNTRY_MIN = 200;
const COUNTRY_MAX = 799;
/** Fields of the group: country, network, area, cell. */
export const GROUP = 4;

export const isCountry = (mcc: number): boolean => mcc >= COUNTRY_MIN && mcc <= COUNTRY_MAX;

/**
 * Reads the group at `at`. Decimal for SinoTrack, hexadecimal for the vendors with IMEIs: told apart by which reading gives a
 * country code. LTE firmware writes a hexadecimal cell in the area's place: then only country and network are certain.
 */
export function readGroup(report: Report, f: TextFields, at: number): 'absent' | 'decimal' | 'hex' {
  if (at + GROUP > f.count) return 'absent';
  const mcc = f.integer(at);
  const mnc = f.integer(at + 1);
  const lac = f.integer(at + 2);
  const cell = f.integer(at + 3);
  if (isCountry(mcc) && mnc >= 0 && lac >= 0 && cell >= 0) {
    setServing(report, mcc, mnc, lac, cell);
    return 'decimal';
  }
  const hexMcc = f.hex(at);
  const hexMnc = f.hex(at + 1);
  const hexLac = f.hex(at + 2);
  const hexCell = f.hex(at + 3);
  if (isCountry(hexMcc) && hexMnc >= 0 && hexLac >= 0 && hexCell >= 0) {
    setServing(report, hexMcc, hexMnc, hexLac, hexCell);
    return 'hex';
  }
  if (isCountry(mcc) && mnc >= 0) {
    report.gsm_mcc = mcc;
    report.gsm_mnc = mnc;
  }
  return 'decimal';
}

function setServing(report: Report, mcc: number, mnc: number, lac: number, cell: number): void {
  report.gsm_mcc = mcc;
  report.gsm_mnc = mnc;
  report.gsm_lac = lac;
  report.gsm_cellid = cell;
}

/** Adds the cells of a list; the first one serves. */
export function setCells(report: Report, mcc: number, mnc: number, cells: readonly Cell[]): void {
  if (!isCountry(mcc) || mnc < 0) {
    addQuality(report, 'value_out_of_range');
    return;
  }
  report.gsm_mcc = mcc;
  report.gsm_mnc = mnc;
  const serving = cells[0];
  if (serving === undefined) return;
  report.gsm_lac = serving.lac;
  report.gsm_cellid = serving.cellid;
  report.cells = cells;
}

/**
 * `count` cells of `width` fields each from `at` on: area, cell, receive level, and (V3) the level in dBm. The receive level has
 * no documented unit and is not kept.
 */
export function readList(f: TextFields, at: number, count: number, width: 3 | 4, mcc: number, mnc: number): Cell[] {
  const cells: Cell[] = [];
  for (let i = 0; i < count && at + width <= f.count; i++, at += width) {
    const lac = f.integer(at);
    const cellid = f.integer(at + 1);
    if (lac < 0 || cellid < 0) break;
    cells.push({ mcc, mnc, lac, cellid, rssi: width === 4 ? dbm(f.text(at + 3)) : null });
  }
  return cells;
}

/** `-62`; null when empty, not negative, or no number. */
function dbm(text: string): number | null {
  return /^-\d{1,3}$/.test(text) ? Number(text) : null;
}

/** 18–20 digits, with a filler at the end that is no part of the number. */
export function setIccid(report: Report, f: TextFields, i: number): void {
  const text = f.text(i).replace(/[F?]+$/i, '');
  if (/^\d{18,20}$/.test(text)) report.gsm_sim_iccid = text;
}

/** The types of other vendors: cell lists, watches, and positions in another order. */
import type { Cell, Report } from '../catalogue/report.generated.js';
import { numberSetter } from '../catalogue/set.js';
import type { DecodeInput } from '../protocol.js';
import { dateOf, findBlock, findStatus, isEastWest, isNorthSouth, microdegrees } from './block.js';
import { readList, setCells, setIccid } from './cells.js';
import { FIRST, type TextFields } from './fields.js';
import { setCourse, setPlace, setSpeed, setTime } from './report.js';
import { batteryLevel, writeStatus } from './status.js';

const setSteps = numberSetter('steps.count');
const setTurnovers = numberSetter('turnovers.count');

/** Date at `date`, status behind it. */
function readClosing(report: Report, f: TextFields, date: number, input: DecodeInput, conditions: boolean): void {
  setTime(report, f.seconds(FIRST, date), input.receivedAtUs);
  const status = f.word(date + 1);
  if (status >= 0) writeStatus(report, status, true, conditions);
}

/** `NBR,HHMMSS,mcc,mnc,timing advance,count,(lac,cell,level)×count,DDMMYY,status[,battery]` */
export function readNeighbours(report: Report, f: TextFields, input: DecodeInput, conditions: boolean): boolean {
  const count = f.integer(FIRST + 4);
  const list = FIRST + 5;
  if (f.size(FIRST + 4) > 2 || count < 0) return false;
  const mcc = f.integer(FIRST + 1);
  const mnc = f.integer(FIRST + 2);
  setCells(report, mcc, mnc, readList(f, list, count, 3, mcc, mnc));
  // A count that does not lead to the date is not believed: the status word says where the list ended.
  const counted = list + 3 * count;
  const date = f.word(counted + 1) >= 0 ? counted : findStatus(f) - 1;
  if (date < list) return true;
  readClosing(report, f, date, input, conditions);
  if (f.word(date + 1) >= 0) report.battery_level = batteryLevel(f.integer(date + 2));
  return true;
}

/** `V3,HHMMSS,mccmnc,count,(lac,cell,level,dBm)×count,battery,n,X,DDMMYY,status`; the battery word has no documented unit. */
export function readCellList(report: Report, f: TextFields, input: DecodeInput, conditions: boolean): boolean {
  const network = f.text(FIRST + 1);
  const count = f.integer(FIRST + 2);
  if (!/^\d{4,6}$/.test(network) || count < 0) return false;
  const mcc = Number(network.slice(0, 3));
  const mnc = Number(network.slice(3));
  setCells(report, mcc, mnc, readList(f, FIRST + 3, count, 4, mcc, mnc));
  const status = findStatus(f);
  if (status > FIRST) readClosing(report, f, status - 1, input, conditions);
  return true;
}

/** `LINK,HHMMSS,signal %,satellites,battery %,steps,turnovers,DDMMYY,status` */
export function readLinkOfWatch(report: Report, f: TextFields, input: DecodeInput, conditions: boolean): boolean {
  if (f.count < FIRST + 7) return false;
  const percent = f.integer(FIRST + 1);
  const satellites = f.integer(FIRST + 2);
  const battery = f.integer(FIRST + 3);
  const steps = f.integer(FIRST + 4);
  const turnovers = f.integer(FIRST + 5);
  if (percent >= 0 && percent <= 100) report.gsm_signal_level = percent;
  if (satellites >= 0) report.position_satellites = satellites;
  if (battery >= 0 && battery <= 100) report.battery_level = battery;
  if (steps >= 0) setSteps(report, steps);
  if (turnovers >= 0) setTurnovers(report, turnovers);
  readClosing(report, f, FIRST + 6, input, conditions);
  return true;
}

/** V19: behind the block's date stand an empty field, a phone number or host, the ICCID and the status. */
export function readHost(report: Report, f: TextFields, conditions: boolean): boolean {
  const date = dateOf(f, findBlock(f));
  if (report.vehicle_state_bitmask !== null) return true;
  if (f.size(date + 3) > 0) setIccid(report, f, date + 3);
  const status = f.word(date + 4);
  if (status >= 0) writeStatus(report, status, true, conditions);
  return true;
}

/**
 * `VP1,A,lat,N,lon,E,speed,course,DDMMYY[,status[,battery]]`, which has no time of day, or `VP1,V,mcc,mnc,lac,cell,levelYlac,…`.
 */
export function readShortPosition(report: Report, f: TextFields, conditions: boolean): boolean {
  const mark = f.single(FIRST);
  if (isNorthSouth(f.single(FIRST + 2)) && isEastWest(f.single(FIRST + 4))) {
    report.position_valid = mark === 0x41 || mark === 0x42;
    const latitude = microdegrees(f, FIRST + 1);
    const longitude = microdegrees(f, FIRST + 3);
    if (!report.position_valid && latitude === 0 && longitude === 0) return true;
    if (setPlace(report, latitude, f.single(FIRST + 2) === 0x53, longitude, f.single(FIRST + 4) === 0x57)) {
      if (f.size(FIRST + 5) >= 0) setSpeed(report, f.size(FIRST + 5) === 0 ? 0 : f.decimal(FIRST + 5));
      if (f.size(FIRST + 6) >= 0) setCourse(report, f.size(FIRST + 6) === 0 ? 0 : f.decimal(FIRST + 6));
    }
    const status = f.word(FIRST + 8);
    if (status < 0) return true;
    writeStatus(report, status, true, conditions);
    report.battery_level = batteryLevel(f.integer(FIRST + 9));
    return true;
  }
  const mcc = f.integer(FIRST + 1);
  const mnc = f.integer(FIRST + 2);
  if (mark !== 0x56 || mcc < 0) return false;
  report.position_valid = false;
  let list = '';
  for (let i = FIRST + 3; i < f.count; i++) list += `${f.text(i)},`;
  setCells(report, mcc, mnc, triples(list, mcc, mnc));
  return true;
}

/** `lac,cell,level` separated by the letter Y. */
function triples(list: string, mcc: number, mnc: number): Cell[] {
  const cells: Cell[] = [];
  for (const triple of list.split('Y')) {
    const match = /^(\d{1,10}),(\d{1,10})(,|$)/.exec(triple);
    if (match === null) break;
    cells.push({ mcc, mnc, lac: Number(match[1]), cellid: Number(match[2]), rssi: null });
  }
  return cells;
}

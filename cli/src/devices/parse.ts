/** Device records from JSON (an array, or objects one after the other) and CSV, each problem with its line. */
import type { DeviceDraft } from '@fleetwire/schemas';
import { parseCsv } from './csv.js';
import { checkDevice, fieldOf, FIELD_NAMES } from './fields.js';
import { splitJson } from './split-json.js';

export interface ParsedDevices {
  readonly devices: readonly DeviceDraft[];
  /** `line 3: admission: give one of …`. Empty: everything is usable. */
  readonly problems: readonly string[];
}

/** Columns of maps: `label.colour`, `threshold.speed_limit`, `decoder.form`. */
const MAP_COLUMNS: Readonly<Record<string, { readonly field: string; readonly read: (cell: string) => unknown }>> = {
  label: { field: 'labels', read: (cell) => cell },
  threshold: { field: 'thresholds', read: (cell) => (cell.trim() === '' ? cell : Number(cell)) },
  decoder: { field: 'decoder', read: scalar },
};

export function parseDevicesJson(text: string): ParsedDevices {
  const devices: DeviceDraft[] = [];
  const problems: string[] = [];
  for (const piece of splitJson(text)) {
    let value: unknown;
    try {
      value = JSON.parse(piece.text);
    } catch (error) {
      problems.push(`line ${piece.line}: not JSON (${error instanceof Error ? error.message : String(error)})`);
      continue;
    }
    take(value, piece.line, devices, problems);
  }
  return { devices, problems: [...problems, ...repeated(devices)] };
}

export function parseDevicesCsv(text: string): ParsedDevices {
  const csv = parseCsv(text);
  if (csv.kind === 'bad') return { devices: [], problems: [`line ${csv.line}: ${csv.problem}`] };
  const unknown = csv.header.filter((name) => fieldOf(name) === undefined && mapColumn(name) === null);
  if (unknown.length > 0)
    return {
      devices: [],
      problems: unknown.map(
        (name) =>
          `line 1: column "${name}" is unknown; known are ${FIELD_NAMES.join(', ')}, label.X, threshold.X, decoder.X`,
      ),
    };
  const devices: DeviceDraft[] = [];
  const problems: string[] = [];
  for (const { line, cells } of csv.rows) take(recordOf(csv.header, cells), line, devices, problems);
  return { devices, problems: [...problems, ...repeated(devices)] };
}

function take(value: unknown, line: number, devices: DeviceDraft[], problems: string[]): void {
  const checked = checkDevice(value);
  if (checked.device !== null) devices.push(checked.device);
  problems.push(...checked.problems.map((problem) => `line ${line}: ${problem}`));
}

/** An empty cell leaves the field at its default. */
function recordOf(header: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [index, name] of header.entries()) {
    const cell = cells[index] ?? '';
    if (cell === '') continue;
    const map = mapColumn(name);
    if (map === null) record[name] = fieldOf(name)!.fromCell(cell);
    else {
      // A map column beside a column that holds the whole map: the single entry wins.
      const whole = record[map.field];
      record[map.field] = { ...(typeof whole === 'object' && whole), [map.key]: map.read(cell) };
    }
  }
  return record;
}

function mapColumn(name: string): { field: string; key: string; read: (cell: string) => unknown } | null {
  const dot = name.indexOf('.');
  const prefix = name.slice(0, dot);
  if (dot <= 0 || dot === name.length - 1 || !Object.hasOwn(MAP_COLUMNS, prefix)) return null;
  return { ...MAP_COLUMNS[prefix]!, key: name.slice(dot + 1) };
}

function scalar(cell: string): unknown {
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}

/** The later of two records of one device would silently win. */
function repeated(devices: readonly DeviceDraft[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { ident } of devices) {
    if (seen.has(ident)) twice.add(ident);
    seen.add(ident);
  }
  return [...twice].map((ident) => `ident ${ident} is there more than once; keep one record a device`);
}

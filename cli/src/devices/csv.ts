/** CSV as spreadsheets write it (RFC 4180): quotes, doubled quotes, line breaks inside quotes; comma or semicolon by the header. */

export interface CsvRow {
  /** Line on which the row begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}
export type CsvResult =
  | { readonly kind: 'rows'; readonly header: readonly string[]; readonly rows: readonly CsvRow[] }
  | { readonly kind: 'bad'; readonly line: number; readonly problem: string };

/** Rows below the header; empty lines are skipped. A quote that never closes, or a missing header, is a problem with its line. */
export function parseCsv(text: string): CsvResult {
  const clean = text.replace(/^\uFEFF/, '');
  const firstLine = clean.split(/\r?\n/, 1)[0] ?? '';
  const separator = firstLine.includes(';') && !firstLine.includes(',') ? ';' : ',';
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let rowLine = 1;
  const endRow = (): void => {
    cells.push(cell);
    if (cells.length > 1 || cells[0]!.trim() !== '') rows.push({ line: rowLine, cells: cells.map((c) => c.trim()) });
    cells = [];
    cell = '';
    rowLine = line;
  };
  for (let at = 0; at < clean.length; at++) {
    const c = clean[at]!;
    if (c === '\n') line += 1;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (clean[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (c === '"' && cell.trim() === '') {
      quoted = true;
      cell = '';
    } else if (c === separator) {
      cells.push(cell);
      cell = '';
    } else if (c === '\n') endRow();
    else if (c !== '\r') cell += c;
  }
  if (quoted) return { kind: 'bad', line: rowLine, problem: 'a quote is opened and never closed' };
  if (cell !== '' || cells.length > 0) endRow();
  const header = rows.shift();
  if (header === undefined) return { kind: 'bad', line: 1, problem: 'no header; the first line names the columns' };
  const long = rows.find((row) => row.cells.length > header.cells.length);
  if (long !== undefined)
    return {
      kind: 'bad',
      line: long.line,
      problem: `${long.cells.length} cells, but the header has ${header.cells.length}; quote cells that hold a "${separator}"`,
    };
  return { kind: 'rows', header: header.cells, rows };
}

/** One CSV line; cells with separators, quotes or line breaks are quoted. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",;\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`;
}

/** Comma-separated text with a line of names, as spreadsheets write it: quotes double inside quotes. */

export interface CsvRow {
  /** From 1, with the names' line. */
  readonly line: number;
  readonly values: Readonly<Record<string, string>>;
}

/** Rows by column name. Throws on a row with another number of columns, or without a column of `needed`, naming the line. */
export function parseCsv(text: string, needed: readonly string[]): CsvRow[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const names = columns(lines[0] ?? '').map((name) => name.trim().toLowerCase());
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`line 1: no column ${missing.join(', ')}; the first line names the columns`);
  const rows: CsvRow[] = [];
  for (const [i, line] of lines.entries()) {
    if (i === 0 || line.trim() === '') continue;
    const found = columns(line);
    if (found.length !== names.length)
      throw new Error(`line ${i + 1}: ${found.length} columns, where line 1 names ${names.length}`);
    rows.push({ line: i + 1, values: Object.fromEntries(names.map((name, n) => [name, found[n]!.trim()])) });
  }
  return rows;
}

/** A number within limits. Throws, naming line and column. */
export function numberIn({ line, values }: CsvRow, column: string, min: number, max: number): number {
  const text = values[column] ?? '';
  const value = Number(text);
  if (text === '' || !(value >= min && value <= max))
    throw new Error(`line ${line}: ${column} is ${JSON.stringify(text)}, not a number from ${min} to ${max}`);
  return value;
}

function columns(line: string): string[] {
  const found: string[] = [];
  let value = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (char === '"' && quoted && line[i + 1] === '"') {
      value += '"';
      i++;
    } else if (char === '"') quoted = !quoted;
    else if (char === ',' && !quoted) {
      found.push(value);
      value = '';
    } else value += char;
  }
  return [...found, value];
}

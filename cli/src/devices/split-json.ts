/** Cuts a text into its JSON objects, each with the line it begins on: an array of them, or one after the other. */

export interface JsonPiece {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/**
 * The objects at the top of the text; anything else there (but blanks, commas and one array's brackets) comes out as a piece too, so
 * that parsing it names its line. Does not check the JSON itself.
 */
export function splitJson(text: string): readonly JsonPiece[] {
  const pieces: JsonPiece[] = [];
  let line = 1;
  let depth = 0;
  let from = -1;
  let fromLine = 1;
  let quoted = false;
  const start = (at: number): void => {
    from = at;
    fromLine = line;
  };
  const finish = (to: number): void => {
    if (from >= 0) pieces.push({ text: text.slice(from, to).trim(), line: fromLine });
    from = -1;
  };
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    if (c === '\n') line += 1;
    if (quoted) {
      if (c === '\\') at += 1;
      else if (c === '"') quoted = false;
      continue;
    }
    if (depth === 0 && from >= 0 && (c === '\n' || c === ',' || c === '{' || c === ']')) finish(at);
    if (depth === 0 && from < 0 && !/[\s,[\]]/.test(c)) start(at);
    if (c === '"') quoted = true;
    else if (c === '{') depth += 1;
    else if (c === '}') {
      depth = Math.max(0, depth - 1);
      if (depth === 0) finish(at + 1);
    }
  }
  finish(text.length);
  return pieces;
}

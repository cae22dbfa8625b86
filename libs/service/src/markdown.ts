/** Tables of a README, so that a test can compare them with the code, however a formatter pads their columns. */

/** The rows under the header that begins with `first`, cells trimmed, joined like `| a | b |`; the header's rule is left out. */
export function readTable(markdown: string, first: string): readonly string[] {
  const lines = markdown.split('\n');
  const from = lines.findIndex((line) => cells(line)[0] === first);
  if (from < 0) return [];
  const end = lines.findIndex((line, at) => at > from && !line.startsWith('|'));
  return lines
    .slice(from, end < 0 ? undefined : end)
    .filter((line) => !/^[|\s:-]+$/.test(line))
    .map((line) => `| ${cells(line).join(' | ')} |`);
}

function cells(line: string): readonly string[] {
  if (!line.startsWith('|')) return [];
  return line
    .replace(/^\||\|\s*$/g, '')
    .split('|')
    .map((cell) => cell.trim());
}

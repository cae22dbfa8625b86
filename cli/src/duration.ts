import { usage } from './errors.js';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `3s`, `10m`, `2h`, `1.5h`, `7d` in ms; null: not a duration. A number alone is none: its unit would be a guess. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) return null;
  return Math.round(Number(match[1]) * UNIT_MS[match[2]!]!);
}

/** A duration option of the command line, ms. Throws a usage error that names the option. */
export function durationOption(option: string): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text);
    if (ms === null) throw usage(`${option}: "${text}" is not a duration`, 'write it as 500ms, 3s, 10m, 2h or 1d');
    return ms;
  };
}

/** 1234 ms as `1.2s`: for people, one decimal. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)}s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)}m${Math.round((ms % 60_000) / 1_000)}s`;
  return `${Math.floor(ms / 3_600_000)}h${Math.round((ms % 3_600_000) / 60_000)}m`;
}

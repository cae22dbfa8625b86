/**
 * Compares what a vector gave with what it must give: whole numbers exactly, times within a millisecond, coordinates 1e-6
 * degrees, speeds 0.01 km/h, other numbers 1e-6 relative. More parameters than expected are allowed; null means absent.
 */
import type { DecodeOutput, VectorOutput } from '@fleetwire/protocols';

/** What a corpus line expects; see the corpora's README sections. */
export interface Expectation {
  readonly ident?: string;
  readonly messages?: readonly Record<string, unknown>[];
  readonly replies?: readonly string[];
  readonly responses?: readonly unknown[];
  readonly rejected?: string;
  readonly frames?: readonly string[];
  readonly frame_lengths?: readonly number[];
  readonly context?: unknown;
  readonly bytes?: string;
}

function close(want: number, got: number, path: string): boolean {
  const off = Math.abs(want - got);
  if (path.endsWith('position.speed')) return off <= 0.0100001;
  if (/(latitude|longitude)$/.test(path)) return off <= 1.0001e-6;
  if (path.endsWith('timestamp')) return off <= 0.001;
  return Number.isInteger(want) ? off <= 1e-9 : off <= 1e-6 * Math.max(1, Math.abs(want));
}

/** The first difference as text, or null. */
export function difference(want: unknown, got: unknown, path: string): string | null {
  const wrong = `${path}: expected ${JSON.stringify(want)}, got ${JSON.stringify(got)}`;
  if (typeof want === 'number' && typeof got === 'number') return close(want, got, path) ? null : wrong;
  if (Array.isArray(want)) {
    if (!Array.isArray(got) || got.length !== want.length) return wrong;
    return first(want.map((item, i) => difference(item, got[i], `${path}[${i}]`)));
  }
  if (typeof want === 'object' && want !== null) {
    if (typeof got !== 'object' || got === null) return wrong;
    const fields = got as Record<string, unknown>;
    return first(Object.entries(want).map(([k, v]) => difference(v, fields[k], path === '' ? k : `${path}.${k}`)));
  }
  if (want === null && got === undefined) return null;
  return want === got ? null : wrong;
}

/** All differences between an expectation and an output. */
export function differences(expect: Expectation, output: VectorOutput): readonly string[] {
  if (expect.bytes !== undefined) return keep([difference(expect.bytes, field(output, 'bytes'), 'bytes')]);
  if ('error' in output) return [`error: ${output.error}`];
  const out = output as DecodeOutput;
  const found = [
    expect.frames && difference(expect.frames, out.frames, 'frames'),
    expect.frame_lengths &&
      difference(
        expect.frame_lengths,
        out.frames.map((f) => f.length / 2),
        'frame_lengths',
      ),
    expect.ident !== undefined && difference(expect.ident, out.ident, 'ident'),
    expect.messages && difference(expect.messages, out.messages, 'messages'),
    expect.replies && difference(expect.replies.join(''), out.replies.join(''), 'replies'),
    expect.responses && difference(expect.responses, out.responses, 'responses'),
    expect.context !== undefined && difference(expect.context, out.context, 'context'),
    expect.rejected !== undefined && out.rejected.length === 0 && 'rejected: expected a reason, got none',
  ];
  return keep(found);
}

function keep(found: readonly (string | null | undefined | false)[]): readonly string[] {
  return found.filter((d): d is string => typeof d === 'string');
}
function first(found: readonly (string | null)[]): string | null {
  return found.find((d) => d !== null) ?? null;
}
function field(output: VectorOutput, name: string): unknown {
  return (output as unknown as Record<string, unknown>)[name];
}

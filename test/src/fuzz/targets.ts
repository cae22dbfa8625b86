/** What is fuzzed: the families as they are, or one with a defect that the fuzzer must find. */
import { FAMILIES, type Family, type Protocol } from '@fleetwire/protocols';

/** Defects on purpose, one for each thing that the fuzzer looks for. */
export const DEFECTS = ['throws', 'loses', 'stalls', 'forgets', 'strange'] as const;
export type Defect = (typeof DEFECTS)[number];

/** One frame in so many shows the defect: a fuzzer that only looks at the first ones must not pass. */
const ONE_IN = 64;
const STALL_MS = 15;

/** The families with `defect` in every protocol. */
export function withDefect(defect: Defect): readonly Family[] {
  return FAMILIES.map((family) => ({ ...family, protocols: family.protocols.map((p) => broken(p, defect)) }));
}

function broken(protocol: Protocol, defect: Defect): Protocol {
  switch (defect) {
    case 'throws':
      return decoding(protocol, (input, decode) => {
        if (hit(input.frame)) throw new RangeError('an offset outside the bounds');
        return decode();
      });
    case 'stalls':
      return decoding(protocol, (input, decode) => {
        for (const until = performance.now() + STALL_MS; hit(input.frame) && performance.now() < until;);
        return decode();
      });
    case 'forgets': {
      let calls = 0;
      return decoding(protocol, (_, decode) => {
        const decoded = decode();
        return ++calls % 3 === 0 ? { ...decoded, reports: [] } : decoded;
      });
    }
    case 'strange':
      return decoding(protocol, (input, decode) => {
        const decoded = decode();
        if (!hit(input.frame)) return decoded;
        // Not of the closed list, as a slip of a cast would have it.
        return { ...decoded, rejected: [{ reason: 'oops' as 'noise', start: 0, end: 1 }] };
      });
    case 'loses':
      return {
        ...protocol,
        frame(view, state, env) {
          const framed = protocol.frame(view, state, env);
          if (framed.kind !== 'frame' || !hit(view.bytes.subarray(view.from, framed.end))) return framed;
          return { kind: 'skip', end: framed.end };
        },
      };
  }
}

function decoding(
  protocol: Protocol,
  decode: (
    input: Parameters<Protocol['decode']>[0],
    plain: () => ReturnType<Protocol['decode']>,
  ) => ReturnType<Protocol['decode']>,
): Protocol {
  return { ...protocol, decode: (input) => decode(input, () => protocol.decode(input)) };
}

function hit(frame: Uint8Array): boolean {
  let sum = 0;
  for (const byte of frame) sum = (sum * 31 + byte) >>> 0;
  return sum % ONE_IN === 0;
}

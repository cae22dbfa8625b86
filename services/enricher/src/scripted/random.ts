/** Chance with a seed: the same seed gives the same drives and the same deliveries. */
export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number below `count`. */
  below(count: number): number;
  between(low: number, high: number): number;
  chance(part: number): boolean;
}

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    below: (count) => Math.floor(next() * count),
    between: (low, high) => low + next() * (high - low),
    chance: (part) => next() < part,
  };
}

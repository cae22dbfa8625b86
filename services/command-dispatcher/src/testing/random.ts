/** Seeded whole numbers below a bound: the same seed gives the same test. */
export function seeded(seed: number): (bound: number) => number {
  let a = seed >>> 0;
  return (bound) => {
    a = (Math.imul(a ^ (a >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
    return Math.floor(((a ^ (a >>> 12)) >>> 0) % bound);
  };
}

/** Both clocks, handed in so that cores are pure. */
export interface Clock {
  /** ms since 1970. */
  readonly wallMs: () => number;
  /** Monotonic ms. */
  readonly monotonicMs: () => number;
}

export const SYSTEM_CLOCK: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

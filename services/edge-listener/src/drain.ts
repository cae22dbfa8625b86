/**
 * The end of an edge, without loss and without a rush: lame duck → ports closed → connections shed at a rate, those that are idle
 * first and none between a frame and its answer → what is under way committed → sessions ended.
 */
import type { Clock } from './clock.js';

/** What drains: a connection. */
export interface Shed {
  /** Frames that wait for their commit. */
  readonly owing: number;
  readonly heardMs: number;
  readonly closed: boolean;
  finish(reason: 'drain'): void;
}

export interface DrainOptions {
  readonly lameDuckMs: number;
  readonly shedPerSecond: number;
  /** Sheds in slices of that long. */
  readonly sliceMs: number;
  /** After the last was told to end, connections that still owe an answer have this long. */
  readonly settleMs: number;
  readonly closeListeners: () => void;
  readonly connections: () => readonly Shed[];
  /** Told when a step begins. */
  readonly onStep: (step: 'lame_duck' | 'closing' | 'shedding' | 'settling') => void;
  readonly clock: Clock;
}

/** Of a longer stop of the whole process, no more than this is made up for. */
const CATCH_UP_MS = 2_000;
/** Faster than the rate by no more than this while it makes up for a delay. */
const HASTE = 1.05;

/** Resolves when every connection has ended or the time to settle has passed: then with the number of those left. */
export async function drain(options: DrainOptions, hurry: AbortSignal): Promise<number> {
  options.onStep('lame_duck');
  await pause(options.lameDuckMs, hurry);
  options.onStep('closing');
  options.closeListeners();
  options.onStep('shedding');
  let waiting = shedOrder(options.connections());
  const { clock, shedPerSecond, sliceMs } = options;
  // By the clock and not by the slice: a busy process is late for its slices, and would shed slower than it was told to. But what it is late
  // with is made up for a little at a time: whoever takes the devices counts on the rate.
  let lastMs = clock.monotonicMs() - sliceMs;
  let due = 0;
  for (let next = 0; next < waiting.length;) {
    const nowMs = clock.monotonicMs();
    const elapsedMs = nowMs - lastMs;
    lastMs = nowMs;
    due += (shedPerSecond * Math.min(elapsedMs, CATCH_UP_MS)) / 1000;
    const most = Math.max(1, (HASTE * shedPerSecond * Math.min(elapsedMs, 2 * sliceMs)) / 1000);
    // What has arrived by now is read before the connection ends: a busy process may not have come to it yet.
    await polled();
    const count = hurry.aborted ? waiting.length : Math.floor(Math.min(due, most));
    for (const one of waiting.slice(next, next + count)) one.finish('drain');
    next += count;
    due -= count;
    if (next < waiting.length) await pause(sliceMs, hurry);
  }
  options.onStep('settling');
  const deadline = options.clock.monotonicMs() + options.settleMs;
  for (;;) {
    waiting = options.connections().filter((one) => !one.closed);
    if (waiting.length === 0 || options.clock.monotonicMs() >= deadline) return waiting.length;
    for (const one of waiting) one.finish('drain');
    await pause(Math.min(options.sliceMs, 50), NEVER);
  }
}

/** Idle first, the longest silent before the others; then those that owe an answer. */
export function shedOrder(connections: readonly Shed[]): readonly Shed[] {
  return [...connections].sort((a, b) => Number(a.owing > 0) - Number(b.owing > 0) || a.heardMs - b.heardMs);
}

const NEVER = new AbortController().signal;

/** After the sockets were looked at once more. */
const polled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

function pause(ms: number, hurry: AbortSignal): Promise<void> {
  if (ms <= 0 || hurry.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      hurry.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    hurry.addEventListener('abort', done, { once: true });
  });
}

/**
 * Logs: JSON lines of a constant sentence (`msg`) plus snake_case fields, errors under `error`, the service under `service`.
 */
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly service: string;
  readonly level: string;
  /** Fields of every line, such as `boot_id`. */
  readonly base?: Readonly<Record<string, string>>;
  /** Tests collect lines here; absent: standard output, synchronously, so that the last line of a dying process is not lost. */
  readonly destination?: DestinationStream;
}

/** The logger of a service. */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      errorKey: 'error',
      base: { service: options.service, ...options.base },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** Keys that a limiter remembers; beyond it the oldest is forgotten, and may then be logged again. */
export const REPEAT_KEYS_MAX = 1_000;

/**
 * Lets one line a key pass in `everyMs` and counts the rest. `allow` returns null (say nothing), or the number of lines of this key
 * that were left out since the last one: log it as `suppressed`.
 */
export class RepeatLimiter {
  readonly #everyMs: number;
  readonly #nowMs: () => number;
  readonly #keys = new Map<string, { nextMs: number; suppressed: number }>();

  constructor(everyMs: number, nowMs: () => number = () => performance.now()) {
    this.#everyMs = everyMs;
    this.#nowMs = nowMs;
  }

  allow(key: string): number | null {
    const now = this.#nowMs();
    const seen = this.#keys.get(key);
    if (seen !== undefined && now < seen.nextMs) {
      seen.suppressed++;
      return null;
    }
    this.#keys.delete(key);
    if (this.#keys.size >= REPEAT_KEYS_MAX) {
      const oldest = this.#keys.keys().next();
      if (oldest.done !== true) this.#keys.delete(oldest.value);
    }
    this.#keys.set(key, { nextMs: now + this.#everyMs, suppressed: 0 });
    return seen?.suppressed ?? 0;
  }
}

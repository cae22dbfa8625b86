/**
 * Secrets in files that somebody else renews: certificates, keys, passwords. Never in the environment, where they would need a restart.
 *
 * - Read at the start: what cannot be used then is an error with the remedy.
 * - Asked again at use, and read when a file changed. What cannot be used then (a half-written pair, a missing file) is logged, and the
 *   last good value stays: a bad renewal must not end what runs.
 */
import { readFileSync, statSync } from 'node:fs';
import { RepeatLimiter, type Logger } from './log.js';

/** Files are looked at that often, whoever asks. */
export const SECRET_LOOK_MS = 1_000;
/** The same failure is logged once in that time. */
const REPEAT_MS = 60_000;

export interface SecretFilesOptions<T> {
  /** What the files are, for messages: `Kafka client certificate`. */
  readonly what: string;
  readonly files: readonly string[];
  /** Makes the value of the texts, in the order of `files`; throws when they are no good. */
  readonly build: (texts: readonly string[]) => T;
  readonly log?: Pick<Logger, 'info' | 'error'>;
  readonly nowMs?: () => number;
}

export class SecretFiles<T> {
  readonly #options: SecretFilesOptions<T>;
  readonly #repeats: RepeatLimiter;
  readonly #nowMs: () => number;
  #value: T;
  #version: string;
  #lookedMs: number;
  #refused = 0;

  /** Reads the files. Throws an error that names them when they cannot be used. */
  constructor(options: SecretFilesOptions<T>) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#repeats = new RepeatLimiter(REPEAT_MS, this.#nowMs);
    try {
      this.#version = versionOf(options.files);
      this.#value = options.build(options.files.map(read));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${options.what} in ${options.files.join(', ')} cannot be used: ${why}`, { cause: error });
    }
    this.#lookedMs = this.#nowMs();
  }

  /** Changes that could not be used so far. */
  get refused(): number {
    return this.#refused;
  }

  /** The value as the files have it now, or as they last had a good one. The same object until they change. */
  current(): T {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs < SECRET_LOOK_MS) return this.#value;
    this.#lookedMs = nowMs;
    const { what, files, build, log } = this.#options;
    try {
      const version = versionOf(files);
      if (version === this.#version) return this.#value;
      this.#value = build(files.map(read));
      this.#version = version;
      log?.info({ what, files }, 'Secret files have changed and are used from now on.');
    } catch (error) {
      this.#refused++;
      const suppressed = this.#repeats.allow(what);
      if (suppressed !== null)
        log?.error({ error, what, files, suppressed }, 'Changed secret files cannot be used; the last good ones stay.');
    }
    return this.#value;
  }
}

const read = (file: string): string => readFileSync(file, 'utf8');

/** Changes with the files; through links too, as an orchestrator swaps them. */
function versionOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const { mtimeMs, size, ino, dev } = statSync(file);
      return `${mtimeMs} ${size} ${dev} ${ino}`;
    })
    .join('|');
}

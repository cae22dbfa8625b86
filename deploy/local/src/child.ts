import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { LocalError } from './errors.js';
import { signal } from './process-table.js';
import { guard, unguard } from './watchdog.js';

/** A log that grew beyond this is put aside as `<name>.1` at the next start. */
const LOG_BYTES_MAX = 20 * 1024 * 1024;
/** What is looked at of a log's end. */
const TAIL_BYTES = 64 * 1024;

export interface ChildOptions {
  /** For messages: `broker 1`, `decoder`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment of the child. Absent: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** stdout and stderr are appended there: no pipe, so the child never waits for this process. */
  readonly logFile: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A process that this one starts, owns and ends: in a group of its own (Ctrl-C at a terminal does not reach it), its output in a file, under the
 * watchdog, so that it does not outlive this process.
 */
export class Child {
  readonly name: string;
  readonly logFile: string;
  /** Settles when the process has ended; never rejects. */
  readonly exited: Promise<Exit>;
  #exit: Exit | null = null;
  /** Where this run's lines begin in the log. */
  readonly #logStart: number;

  private constructor(
    private readonly process: ChildProcess,
    readonly pid: number,
    options: ChildOptions,
    logStart: number,
  ) {
    this.name = options.name;
    this.logFile = options.logFile;
    this.#logStart = logStart;
    guard(pid);
    this.exited = new Promise((resolve) => {
      this.process.once('exit', (code, signalName) => {
        unguard(pid);
        this.#exit = { code, signal: signalName };
        resolve(this.#exit);
      });
    });
  }

  /** @throws LocalError `start_failed` when the command cannot be run. */
  static async start(options: ChildOptions): Promise<Child> {
    mkdirSync(path.dirname(options.logFile), { recursive: true });
    const logStart = rotate(options.logFile);
    const log = openSync(options.logFile, 'a');
    try {
      const child = spawn(options.command, [...options.args], {
        detached: true,
        stdio: ['ignore', log, log],
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(options.env === undefined ? {} : { env: options.env }),
      });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', (cause) =>
          reject(
            new LocalError('start_failed', `${options.name}: cannot run ${options.command}: ${cause.message}`, {
              cause,
            }),
          ),
        );
      });
      if (child.pid === undefined) throw new LocalError('start_failed', `${options.name}: the process has no id`);
      return new Child(child, child.pid, options, logStart);
    } finally {
      closeSync(log);
    }
  }

  get running(): boolean {
    return this.#exit === null;
  }

  /** Null while it runs. */
  get exit(): Exit | null {
    return this.#exit;
  }

  /** To the process alone; false when it has ended. */
  signal(name: NodeJS.Signals): boolean {
    return this.running && signal(this.pid, name);
  }

  /**
   * SIGTERM (a frozen process is thawed for it), up to `graceMs`, then SIGKILL to whatever is left of its group.
   * Resolves when it is gone.
   */
  async stop(graceMs: number): Promise<Exit> {
    if (this.#exit !== null) return this.#exit;
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    const limit = setTimeout(() => signal(-this.pid, 'SIGKILL'), graceMs);
    try {
      return await this.exited;
    } finally {
      // A timer that is left would keep this process for its time.
      clearTimeout(limit);
    }
  }

  /** The last lines of this run's output. */
  tail(lines: number): readonly string[] {
    const all = this.output().split('\n');
    if (all.at(-1) === '') all.pop();
    return all.slice(-lines);
  }

  /** This run's output, at most the last 64 KiB of it. */
  output(): string {
    return readEnd(this.logFile, this.#logStart);
  }
}

/** "ended with code 1", "was killed by SIGKILL". */
export function describeExit(exit: Exit): string {
  return exit.signal === null ? `ended with code ${exit.code ?? 'unknown'}` : `was ended by ${exit.signal}`;
}

function rotate(file: string): number {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= LOG_BYTES_MAX) return bytes;
  renameSync(file, `${file}.1`);
  return 0;
}

function readEnd(file: string, from: number): string {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const start = Math.max(from, bytes - TAIL_BYTES);
  if (start >= bytes) return '';
  const handle = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(bytes - start);
    return buffer.toString('utf8', 0, readSync(handle, buffer, 0, buffer.length, start));
  } finally {
    closeSync(handle);
  }
}

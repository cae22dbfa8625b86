/** One instance a data folder: who holds it, and how others find it. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commandLine } from '@fleetwire/local';
import { failed } from '../errors.js';
import type { ReadyLine } from './plan.js';

/** What `instance.json` holds: enough to talk to the instance, and the ids of its processes. */
export type InstanceFile = Omit<ReadyLine, 'ready'> & {
  /** Of the supervisor: SIGTERM stops the instance. */
  readonly pid: number;
  /** Part → process id. */
  readonly pids: Readonly<Record<string, number>>;
};

interface Holder {
  readonly pid: number;
  readonly command: string;
}

export class Instance {
  readonly #lock: string;
  readonly #file: string;

  private constructor(readonly folder: string) {
    this.#lock = path.join(folder, 'up.lock');
    this.#file = path.join(folder, 'instance.json');
  }

  /** Takes the folder; what a killed supervisor left is overwritten. Throws a CliError when another one lives on it. */
  static async take(folder: string): Promise<Instance> {
    const instance = new Instance(path.resolve(folder));
    mkdirSync(instance.folder, { recursive: true });
    const mine: Holder = { pid: process.pid, command: (await commandLine(process.pid)) ?? '' };
    for (;;) {
      try {
        writeFileSync(instance.#lock, JSON.stringify(mine), { flag: 'wx' });
        rmSync(instance.#file, { force: true });
        return instance;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
      const holder = readHolder(instance.#lock);
      if (holder !== null && (await commandLine(holder.pid)) === holder.command) {
        throw failed(
          `fleetwire runs on ${instance.folder} already (process ${holder.pid})`,
          `stop it with Ctrl-C or \`kill ${holder.pid}\`, or give this one another folder with --data (and other ports)`,
        );
      }
      rmSync(instance.#lock, { force: true });
    }
  }

  /** Whole or not at all: readers come at any time. */
  publish(content: InstanceFile): void {
    const draft = `${this.#file}.new`;
    writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`);
    renameSync(draft, this.#file);
  }

  release(): void {
    rmSync(this.#file, { force: true });
    rmSync(this.#lock, { force: true });
  }
}

function readHolder(file: string): Holder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('command' in value)) return null;
    const { pid, command } = value;
    return typeof pid === 'number' && typeof command === 'string' ? { pid, command } : null;
  } catch {
    return null; // Torn by a crash, or gone by now: it holds nothing.
  }
}

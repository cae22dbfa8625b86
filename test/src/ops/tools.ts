/** Tools of the system that the operations tests run. One that is missing fails the test that needs it, with the name of what brings it. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Command → what to install; `scripts/ops-setup.sh` installs all of them. */
const BRINGS: Readonly<Record<string, string>> = {
  promtool: 'the package prometheus',
  prometheus: 'the package prometheus',
  haproxy: 'the package haproxy',
  buildah: 'the package buildah',
  runc: 'the package runc',
  openssl: 'the package openssl',
  kubeconform: 'the Go module github.com/yannh/kubeconform',
  'kube-score': 'the Go module github.com/zegl/kube-score',
};

/** The path of a command; one that is a path stays. Throws when it is not on the PATH. */
export function tool(command: string): string {
  if (path.isAbsolute(command)) return command;
  for (const folder of [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin']) {
    const file = path.join(folder, command);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  const brings = BRINGS[command] ?? command;
  throw new Error(`There is no ${command} on the PATH: install ${brings}, or run scripts/ops-setup.sh.`);
}

export interface Ran {
  /** Null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs a tool to its end. Rejects only when it cannot be run. */
export function runTool(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const file = tool(command);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** Runs a tool and throws with what it said unless it ended with 0. Returns its standard output. */
export async function must(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await runTool(command, args, options);
  if (ran.code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${ran.code}:\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

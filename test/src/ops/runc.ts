/** Runs the root file system of an image as Kubernetes would under the restricted policy: not root, nothing writable but /tmp, no capability, bounded memory. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { must, tool } from './tools.js';

export interface ContainerOptions {
  readonly name: string;
  /** Where the image is unpacked. */
  readonly rootfs: string;
  /** A folder for the bundle and the runtime's state. */
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
}

const UID = 65_532;
/** As many as a node gives a pod, and the machine has. */
const FILES_MAX = 16_384;

/** What runc is told; the network is the host's, so that a broker on the loopback is reached. */
function specOf({ name, rootfs, args, env, memoryBytes }: ContainerOptions): object {
  const none: readonly string[] = [];
  const kept = ['nosuid', 'noexec', 'nodev'];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: UID, gid: UID },
      args,
      env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
      cwd: '/app',
      capabilities: { bounding: none, effective: none, inheritable: none, permitted: none, ambient: none },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: FILES_MAX, soft: FILES_MAX }],
      noNewPrivileges: true,
    },
    root: { path: rootfs, readonly: true },
    hostname: name,
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: kept },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=64k'],
      },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: [...kept, 'mode=1777', 'size=64m'] },
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      resources: { memory: { limit: memoryBytes } },
      cgroupsPath: `/fleetwire-test/${name}`,
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}

/** A container that runs until it ends or is told to. */
export class Container {
  readonly exited: Promise<number | null>;
  #output = '';

  private constructor(
    private readonly state: string,
    readonly name: string,
    child: ChildProcess,
  ) {
    const gather = (chunk: Buffer): void => {
      this.#output += chunk.toString();
    };
    child.stdout?.on('data', gather);
    child.stderr?.on('data', gather);
    this.exited = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
  }

  static start(options: ContainerOptions): Container {
    const bundle = path.join(options.folder, options.name);
    const state = path.join(options.folder, 'state');
    mkdirSync(bundle, { recursive: true });
    writeFileSync(path.join(bundle, 'config.json'), JSON.stringify(specOf(options)));
    const args = ['--root', state, 'run', '--bundle', bundle, options.name];
    return new Container(state, options.name, spawn(tool('runc'), args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** What it has written so far. */
  get output(): string {
    return this.#output;
  }

  /** The process that the container is, as the host counts. */
  async pid(): Promise<number> {
    const state = JSON.parse(await must('runc', ['--root', this.state, 'state', this.name])) as { pid: number };
    return state.pid;
  }

  async signal(signal: 'TERM' | 'KILL'): Promise<void> {
    await must('runc', ['--root', this.state, 'kill', this.name, signal]);
  }
}

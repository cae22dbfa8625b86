/**
 * Commands to a fleet while things are done to the services: who is commanded, what is noted, and what must hold at the end. What is done, and
 * when, is the caller's: a list of faults by the number of the command before which each happens.
 */
import type { SimulatedId } from '@fleetwire/protocols/ids';
import type { Random } from '../../contract/random.js';
import type { ServiceProcess } from '../stack.js';
import { sleep } from '../wait.js';
import type { CommandedDevice } from './device.js';
import type { Evidence, SentCommand } from './evidence.js';
import { marked } from './marks.js';
import type { CommandWorld } from './world.js';

/** How late the watcher itself is, is looked at so often. */
const LOOK_MS = 50;

export interface Commanded {
  readonly protocol: SimulatedId;
  readonly device: CommandedDevice;
}

export class CommandChaos {
  readonly sent: SentCommand[] = [];
  readonly #world: CommandWorld;
  readonly #fleet: readonly Commanded[];
  readonly #random: Random;
  readonly #looking: NodeJS.Timeout;
  #lateMs = 0;

  constructor(world: CommandWorld, fleet: readonly Commanded[], random: Random) {
    this.#world = world;
    this.#fleet = fleet;
    this.#random = random;
    let lookedMs = performance.now();
    this.#looking = setInterval(() => {
      const nowMs = performance.now();
      this.#lateMs = Math.max(this.#lateMs, nowMs - lookedMs - LOOK_MS);
      lookedMs = nowMs;
    }, LOOK_MS);
  }

  /** How late this process was at worst, ms. */
  get lateMs(): number {
    return this.#lateMs;
  }

  /** A command to one of the devices; `number` makes its mark and may be used once. */
  async command(number: number, expiresInMs: number, to?: Commanded): Promise<SentCommand> {
    const { protocol, device } = to ?? this.#fleet[this.#random.below(this.#fleet.length)]!;
    const { name, args, mark } = marked(protocol, number);
    const expiresMs = Date.now() + expiresInMs;
    const id = await this.#world.send(device.ident, name, args, { expires_at: expiresMs * 1000 });
    const sent = { id, ident: device.ident, mark, expiresMs };
    this.sent.push(sent);
    return sent;
  }

  isOpen({ id }: SentCommand): boolean {
    return !this.#world.story(id).some(({ terminal }) => terminal);
  }

  /** Waits until all have ended, and starts again what a failpoint has ended meanwhile. False: some have no end in time. */
  async settle(services: readonly ServiceProcess[], timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (this.sent.some((one) => this.isOpen(one))) {
      if (performance.now() > deadline) return false;
      await revive(services);
      await sleep(200);
    }
    return true;
  }

  /** What is known by now. */
  evidence(): Evidence {
    const receipts = new Map(this.#fleet.map(({ device }) => [device.ident, device.receipts]));
    return {
      commands: this.sent,
      story: (id) => this.#world.story(id),
      receipts: (ident) => receipts.get(ident) ?? [],
      sessions: this.#world.sessions,
      lateMs: this.#lateMs,
    };
  }

  stop(): void {
    clearInterval(this.#looking);
    for (const { device } of this.#fleet) device.stop();
  }
}

/** Starts again what has ended. */
export async function revive(
  services: readonly ServiceProcess[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const service of services) if (service.pid === null) await service.start(env);
}

/** An orderly stop, and a start with a failpoint: that is the fault. */
export async function restartWith(service: ServiceProcess, env: Readonly<Record<string, string>>): Promise<void> {
  await service.stop();
  await service.start(env);
}

export const failpointAt = (point: string): Readonly<Record<string, string>> => ({ FLEETWIRE_FAILPOINTS: point });

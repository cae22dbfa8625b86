/** Devices of a fault run, and what became of their reports. */
import { seeded } from '../contract/random.js';
import { Device } from './device.js';
import { KEPT, Ledger, type Findings } from './ledger.js';
import type { Stack } from './stack.js';
import { enrichedRows, rawKeys } from './topics.js';
import { sleep, waitFor } from './wait.js';

export interface FleetOptions {
  readonly seed: number;
  readonly devices: number;
  readonly everyMs: number;
  readonly transport: 'tcp' | 'udp';
  /** Device ports; devices are spread over them. */
  readonly ports: readonly number[];
  /** Beyond the age at which the product gives a reply up. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 6_000;
/** One day back: devices send what they recorded, in order, and nothing is from the future. */
const START_TIME = Math.floor(Date.now() / 1000) - 86_400;
let fleets = 1;
/** After the last fault everything must be acknowledged and enriched by then. */
const SETTLE_MS = 180_000;
/** What comes out a second time comes a while after the first. */
const DOUBLES_MS = 2_000;

export class Fleet {
  readonly ledger = new Ledger();
  readonly #devices: readonly Device[];
  readonly #idents: ReadonlySet<string>;

  constructor(options: FleetOptions) {
    const random = seeded(options.seed);
    // Each fleet has devices of its own, so that fleets of one run can share topics.
    const fleet = fleets++;
    const idents = Array.from(
      { length: options.devices },
      (_, i) => `35${String(fleet).padStart(3, '0')}${String(i).padStart(10, '0')}`,
    );
    this.#idents = new Set(idents);
    this.#devices = idents.map(
      (imei, i) =>
        new Device({
          imei,
          transport: options.transport,
          host: '127.0.0.1',
          port: options.ports[i % options.ports.length]!,
          everyMs: options.everyMs,
          timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
          ledger: this.ledger,
          random,
          startTime: START_TIME,
        }),
    );
  }

  start(): void {
    for (const device of this.#devices) device.start();
  }

  /** No more reports; resolves when every device has been told that all of its own are safe. */
  async finish(): Promise<void> {
    for (const device of this.#devices) device.finish();
    await waitFor('every report to be acknowledged', () => this.#devices.every((d) => d.done), SETTLE_MS);
    this.stop();
  }

  stop(): void {
    for (const device of this.#devices) device.stop();
  }

  /** Waits until the pipeline has put out as many reports as were acknowledged, and a while for what it may put out twice, then compares ledger and topics. */
  async findings(stack: Stack, ordered: boolean): Promise<Findings> {
    const raw = await rawKeys(stack.streams, stack.registry.url);
    let findings: Findings = KEPT;
    const look = async (): Promise<void> => {
      const all = await enrichedRows(stack.streams, stack.registry.url);
      const rows = all.filter((row) => this.#idents.has(row.ident));
      findings = this.ledger.compare(raw, rows, ordered);
    };
    const settled = async (): Promise<boolean> => {
      await look();
      return findings.lostEnriched.length === 0 || broken(findings);
    };
    await waitFor('every acknowledged report to be enriched', settled, SETTLE_MS).catch(() => undefined);
    if (broken(findings)) return findings;
    await sleep(DOUBLES_MS);
    await look();
    return findings;
  }
}

/** Something that waiting can not mend. */
function broken(findings: Findings): boolean {
  return findings.lostRaw.length + findings.doubled.length + findings.repeatedIds.length > 0;
}

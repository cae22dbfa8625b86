/** Reads a stream as the services do, edge and decoder in one, and judges every step of it. */
import {
  Assembler,
  Link,
  REJECT_REASONS,
  type DeviceSettings,
  type Family,
  type FrameContext,
  type LinkItem,
  type Protocol,
  type RejectReason,
  type Rejection,
  type Transport,
} from '@fleetwire/protocols';
import type { Codec } from '@fleetwire/schemas';
import { envOf, NOW_MS } from './pool.js';

/** What may not be. */
export type Offence =
  | { readonly kind: 'exception'; readonly detail: string }
  /** `step` counts the steps of a play, which are the same each time. */
  | { readonly kind: 'slow'; readonly detail: string; readonly step: number }
  | { readonly kind: 'strange_reason'; readonly detail: string }
  | { readonly kind: 'bad_range'; readonly detail: string };

/** No single push, frame or decode may take longer. */
export const STEP_MS_MAX = 10;

const REASONS: ReadonlySet<string> = new Set(REJECT_REASONS);

export interface ReaderOptions {
  readonly families: readonly Family[];
  readonly transport: Transport;
  readonly settings: DeviceSettings;
  readonly codec: Codec;
  /** Off in the second look at a slow step: a process that was not scheduled is no offence. */
  readonly onOffence: (offence: Offence) => void;
}

export class Reader {
  readonly link: Link;
  /** One line a frame, refusal and report, in order: equal for equal input. */
  readonly trace: string[] = [];
  frames = 0;
  reports = 0;
  readonly #options: ReaderOptions;
  readonly #assembler = new Assembler<null>();
  #steps = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.link = new Link(options);
  }

  /** Takes one read and returns the published frames that came of it. */
  take(chunk: Uint8Array): readonly Uint8Array[] {
    this.#step('push', () => this.link.push(chunk));
    return this.#drain();
  }

  end(): void {
    this.link.end();
    this.#drain();
  }

  /** What the decoder half makes of any bytes. */
  decode(protocol: Protocol, frame: Uint8Array, ident: string, context: FrameContext): void {
    const part = this.#step('part', () => protocol.part?.(frame) ?? null) ?? null;
    let whole: Uint8Array | null = frame;
    if (part !== null)
      whole =
        this.#step('join', () => this.#assembler.add(protocol, ident, part, frame, null, NOW_MS * 1000))?.frame ?? null;
    if (whole === null) return;
    const input = { frame: whole, ident, context, receivedAtUs: NOW_MS * 1000, settings: this.#options.settings };
    const decoded = this.#step('decode', () => protocol.decode(input));
    if (decoded === undefined) return;
    for (const rejection of decoded.rejected) this.#judge(rejection, whole.length);
    for (const report of decoded.reports) {
      this.reports++;
      // Every value must fit its type: the general encoder refuses what does not.
      const bytes = this.#step('encode', () => this.#options.codec.encode('telemetry', report));
      if (bytes !== undefined) this.trace.push(`report ${bytes.toString('base64')}`);
    }
    this.trace.push(`decoded ${JSON.stringify([decoded.rejected, decoded.responses, decoded.learnt])}`);
  }

  #drain(): readonly Uint8Array[] {
    const published: Uint8Array[] = [];
    const env = envOf(this.#options.transport, this.#options.settings);
    for (;;) {
      const item = this.#step('next', () => this.link.next(env));
      if (item === undefined || item === null) return published;
      this.#item(item, published);
    }
  }

  #item(item: LinkItem, published: Uint8Array[]): void {
    if (item.kind === 'refused') {
      this.#reason(item.reason);
      // A read may end inside a run of noise, which is then told in two pieces.
      if (item.reason !== 'noise' || this.trace.at(-1) !== 'noise') this.trace.push(item.reason);
      return;
    }
    this.frames++;
    const { accepted, protocol } = item;
    const bytes = item.bytes.slice();
    if (accepted.kind === 'reject') {
      this.#judge(accepted.rejection, bytes.length);
      this.trace.push(`rejected ${accepted.rejection.reason}`);
      return;
    }
    this.trace.push(`frame ${Buffer.from(bytes).toString('base64')}`);
    published.push(bytes);
    this.decode(protocol, bytes, accepted.ident, accepted.context);
  }

  #judge(rejection: Rejection, length: number): void {
    this.#reason(rejection.reason);
    const { start, end } = rejection;
    if (!(start >= 0 && start <= end && end <= length))
      this.#options.onOffence({ kind: 'bad_range', detail: `${rejection.reason} at ${start}..${end} of ${length}` });
  }
  #reason(reason: RejectReason): void {
    if (!REASONS.has(reason)) this.#options.onOffence({ kind: 'strange_reason', detail: reason });
  }

  #step<T>(what: string, work: () => T): T | undefined {
    const step = ++this.#steps;
    const from = performance.now();
    try {
      return work();
    } catch (error) {
      const detail =
        error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 3).join(' ') : String(error);
      this.#options.onOffence({ kind: 'exception', detail: `${what}: ${detail}` });
      return undefined;
    } finally {
      const ms = performance.now() - from;
      if (ms > STEP_MS_MAX) this.#options.onOffence({ kind: 'slow', detail: `${what}: ${ms.toFixed(1)} ms`, step });
    }
  }
}

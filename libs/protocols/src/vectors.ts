/**
 * Runs one vector (bytes with what they must become) through the same Link and decoders as the services do. Used by
 * `fleetwire decode --jsonl`, the contract test and the corpora.
 */
import { Assembler } from './assembler.js';
import { reportToFlat } from './catalogue/flat.js';
import { fromHex, toHex } from './hex.js';
import { Link, type LinkItem } from './link.js';
import type {
  AcceptEnv,
  CommandResponse,
  Decoded,
  DeviceSettings,
  FrameContext,
  Known,
  Protocol,
  ProtocolId,
  RejectReason,
  Transport,
} from './protocol.js';
import { familyOf, protocolOf } from './registry.js';

/** The vector's own words; see the corpora. */
export interface Vector {
  readonly id: string;
  readonly protocol: ProtocolId;
  readonly transport: Transport;
  readonly kind: 'decode' | 'framing' | 'encode';
  readonly now: string;
  readonly chunks?: readonly string[];
  readonly connection?: Readonly<Record<string, string | number>>;
  readonly device?: Readonly<Record<string, unknown>>;
  readonly command?: { readonly name: string; readonly args: Readonly<Record<string, unknown>> };
}

export interface VectorRejection {
  readonly reason: RejectReason;
  readonly start: number;
  readonly end: number;
  readonly path?: string;
}

export interface DecodeOutput {
  readonly id: string;
  readonly ident: string | null;
  readonly frames: readonly string[];
  readonly messages: readonly Record<string, unknown>[];
  readonly replies: readonly string[];
  readonly responses: readonly CommandResponse[];
  readonly rejected: readonly VectorRejection[];
  readonly context: Readonly<Record<string, unknown>>;
}
export type VectorOutput =
  DecodeOutput | { readonly id: string; readonly bytes: string } | { readonly id: string; readonly error: string };

/** Runs one vector. Bad vectors give `error`, never an exception. */
export function runVector(vector: Vector): VectorOutput {
  const nowMs = Date.parse(vector.now);
  if (Number.isNaN(nowMs)) return { id: vector.id, error: 'now: not a time; write it as 2027-01-01T00:00:00Z' };
  return vector.kind === 'encode' ? runEncode(vector, nowMs) : runDecode(vector, nowMs);
}

function runEncode(vector: Vector, nowMs: number): VectorOutput {
  if (vector.command === undefined) return { id: vector.id, error: 'command: missing; an encode vector names one' };
  const protocol = protocolOf(vector.protocol);
  // The connection's `time` is the server's clock as H02 words it, HHMMSS.
  const time = vector.connection?.['time'];
  const at = typeof time === 'string' ? atTimeOfDay(nowMs, time) : nowMs;
  const encoded = protocol.encode(vector.command, protocol.open(knownOf(vector)), { nowMs: at });
  return encoded.kind === 'bytes'
    ? { id: vector.id, bytes: toHex(encoded.bytes) }
    : { id: vector.id, error: `${encoded.field}: ${encoded.remedy}` };
}

function runDecode(vector: Vector, nowMs: number): VectorOutput {
  const settings = settingsOf(vector);
  const known = knownOf(vector);
  const link = new Link({ families: [familyOf(vector.protocol)], transport: vector.transport, known });
  const run = new DecodeRun(link, nowMs, vector.transport, settings);
  for (const [index, text] of (vector.chunks ?? []).entries()) {
    const chunk = fromHex(text);
    if (chunk === null) return { id: vector.id, error: `chunks[${index}]: not hex` };
    link.push(chunk);
    run.drain();
  }
  link.end();
  run.drain();
  return run.output(vector.id);
}

/** Collects every outcome of one connection. */
export class DecodeRun {
  readonly #link: Link;
  readonly #env: AcceptEnv;
  readonly #assembler = new Assembler<null>();
  #settings: DeviceSettings;
  #ident: string | null = null;
  readonly #frames: string[] = [];
  readonly #messages: Record<string, unknown>[] = [];
  readonly #replies: string[] = [];
  readonly #responses: CommandResponse[] = [];
  readonly #rejected: VectorRejection[] = [];
  readonly #context: Record<string, unknown> = {};

  constructor(link: Link, nowMs: number, transport: Transport, settings: DeviceSettings) {
    this.#link = link;
    this.#settings = settings;
    this.#env = { nowMs, transport, settingsOf: () => this.#settings };
  }

  drain(): void {
    for (let item = this.#link.next(this.#env); item !== null; item = this.#link.next(this.#env)) this.#take(item);
    this.#ident = this.#link.ident ?? this.#ident;
  }

  output(id: string): DecodeOutput {
    return {
      id,
      ident: this.#ident,
      frames: this.#frames,
      messages: this.#messages,
      replies: this.#replies,
      responses: this.#responses,
      rejected: this.#rejected,
      context: this.#context,
    };
  }

  #take(item: LinkItem): void {
    if (item.kind === 'refused') {
      this.#rejected.push({ reason: item.reason, start: 0, end: item.bytes.length });
      return;
    }
    const { accepted, protocol, bytes } = item;
    this.#frames.push(toHex(bytes));
    if (accepted.reply !== null) this.#replies.push(toHex(accepted.reply));
    if (accepted.kind === 'publish') {
      this.#ident = accepted.ident;
      this.#decode(protocol, bytes, accepted.ident, accepted.context);
      return;
    }
    if (accepted.rejection.reason !== 'no_ident') {
      this.#rejected.push(accepted.rejection);
      return;
    }
    // The services can not publish a frame whose device nobody knows. What it says can be read all the same, and is shown.
    const decoded = protocol.decode(this.#input(bytes, '', {}));
    if (decoded.reports.length === 0) this.#rejected.push(accepted.rejection);
    this.#collect(decoded);
  }

  #decode(protocol: Protocol, bytes: Uint8Array, ident: string, context: FrameContext): void {
    const part = protocol.part?.(bytes) ?? null;
    let frame: Uint8Array | null = bytes;
    if (part !== null) {
      const joined = this.#assembler.add(protocol, ident, part, bytes, null, this.#env.nowMs * 1000);
      frame = joined.frame;
      for (const set of joined.expired)
        this.#rejected.push({ reason: 'parts_missing', start: 0, end: set.parts[0]?.frame.length ?? 0 });
    }
    if (frame !== null) this.#collect(protocol.decode(this.#input(frame, ident, context)));
  }

  #input(frame: Uint8Array, ident: string, context: FrameContext) {
    return { frame, ident, context, receivedAtUs: this.#env.nowMs * 1000, settings: this.#settings };
  }

  #collect(decoded: Decoded): void {
    for (const report of decoded.reports) {
      report.received_at = this.#env.nowMs * 1000;
      const flat = reportToFlat(report);
      if (report.kind === 'report') this.#messages.push(flat);
      else Object.assign(this.#context, flat);
    }
    this.#responses.push(...decoded.responses);
    this.#rejected.push(...decoded.rejected);
    for (const learnt of decoded.learnt) {
      this.#context[learnt.name] = learnt.value;
      if (learnt.settings !== undefined) this.#settings = { ...this.#settings, ...learnt.settings };
    }
  }
}

function knownOf(vector: Vector): Known {
  const c = vector.connection ?? {};
  const text = (name: string): string | undefined => (typeof c[name] === 'string' ? c[name] : undefined);
  const count = (name: string): number | undefined => (typeof c[name] === 'number' ? c[name] : undefined);
  const [ident, letter, vendorCode, phone] = [text('ident'), text('letter'), text('vendor_code'), text('phone')];
  const [serial, version] = [count('serial'), count('version')];
  return {
    ...(ident !== undefined && { ident }),
    ...(letter !== undefined && { letter }),
    ...(vendorCode !== undefined && { vendorCode }),
    ...(phone !== undefined && { phone }),
    ...(serial !== undefined && { serial }),
    ...(version !== undefined && { version }),
    ...(c['waiting'] === 'impact_data' && { waiting: 'impact_data' as const }),
  };
}

function settingsOf(vector: Vector): DeviceSettings {
  const d = vector.device ?? {};
  return {
    ...(typeof d['form'] === 'string' && { form: d['form'], formSource: 'manual' as const }),
    ...(d['g_scale'] === 'counts2048' && { gScale: 'counts2048' as const }),
    ...(d['crc_mode'] === 'lenient' && { crcMode: 'lenient' as const }),
  };
}

/** The day of `nowMs` (UTC) at HHMMSS. */
function atTimeOfDay(nowMs: number, hhmmss: string): number {
  const [h, m, s] = [hhmmss.slice(0, 2), hhmmss.slice(2, 4), hhmmss.slice(4, 6)].map(Number);
  const day = new Date(nowMs);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate(), h, m, s);
}

/** For tests: a connection of one device, and records that differ where a test wants them to. */
import { reportToFlat } from '../catalogue/flat.js';
import { Link, type LinkItem } from '../link.js';
import type { AcceptEnv, Decoded, DeviceSettings, FrameContext, Known, Rejection, Transport } from '../protocol.js';
import { atrack } from './index.js';
import type { SimulatedRecord } from './simulate.js';

export const UNIT = '353000000000011';
/** 2027-01-01 */
export const NOW_MS = 1_798_761_600_000;

/** A plausible record; override what the test is about. */
export function recordOf(over: Partial<SimulatedRecord> = {}): SimulatedRecord {
  return {
    gps: 1_700_000_000,
    rtc: 1_700_000_001,
    send: 1_700_000_002,
    longitude: 24.105187,
    latitude: 56.949649,
    heading: 90,
    reason: 2,
    mileage: 1234.5,
    hdop: 0.9,
    inputs: 1,
    speed: 50,
    outputs: 0,
    analog: 12.5,
    ...over,
  };
}

export interface Run {
  readonly frames: readonly Uint8Array[];
  readonly replies: readonly Uint8Array[];
  readonly messages: readonly Record<string, unknown>[];
  readonly decoded: readonly Decoded[];
  readonly contexts: readonly FrameContext[];
  /** Reasons of what the edge refused, in order, and of what the decoder refused. */
  readonly refused: readonly string[];
  readonly rejected: readonly Rejection[];
  readonly closed: boolean;
}

export interface RunOptions {
  readonly settings?: DeviceSettings;
  readonly known?: Known;
  readonly transport?: Transport;
  readonly nowMs?: number;
}

/** Feeds the chunks to one connection, closes it, and decodes what came through. */
export function runChunks(chunks: readonly Uint8Array[], options: RunOptions = {}): Run {
  const { settings = {}, transport = 'tcp', nowMs = NOW_MS, known } = options;
  const link = new Link({ families: [{ id: 'atrack', protocols: [atrack] }], transport, ...(known && { known }) });
  const env: AcceptEnv = { nowMs, transport, settingsOf: () => settings };
  const frames: Uint8Array[] = [];
  const replies: Uint8Array[] = [];
  const messages: Record<string, unknown>[] = [];
  const decoded: Decoded[] = [];
  const contexts: FrameContext[] = [];
  const refused: string[] = [];
  const rejected: Rejection[] = [];
  const take = (item: LinkItem): void => {
    if (item.kind === 'refused') {
      refused.push(item.reason);
      return;
    }
    const frame = item.bytes.slice();
    frames.push(frame);
    const { accepted } = item;
    if (accepted.reply !== null) replies.push(accepted.reply);
    if (accepted.kind === 'reject') {
      refused.push(accepted.rejection.reason);
      return;
    }
    contexts.push(accepted.context);
    const one = decodeFrame(frame, settings, accepted.ident, accepted.context, nowMs);
    decoded.push(one);
    rejected.push(...one.rejected);
    for (const report of one.reports) if (report.kind === 'report') messages.push(reportToFlat(report));
  };
  const drain = (): void => {
    for (let item = link.next(env); item !== null; item = link.next(env)) take(item);
  };
  for (const chunk of chunks) {
    link.push(chunk);
    drain();
  }
  link.end();
  drain();
  return { frames, replies, messages, decoded, contexts, refused, rejected, closed: link.broken };
}

/** Decodes one frame. */
export function decodeFrame(
  frame: Uint8Array,
  settings: DeviceSettings = {},
  ident = UNIT,
  context: FrameContext = {},
  nowMs = NOW_MS,
): Decoded {
  return atrack.decode({ frame, ident, context, receivedAtUs: nowMs * 1000, settings });
}

/** The flat form of the only report of a frame. */
export function messageOf(frame: Uint8Array, settings: DeviceSettings = {}): Record<string, unknown> {
  const { reports } = decodeFrame(frame, settings);
  if (reports.length !== 1) throw new Error(`expected one report, got ${reports.length}`);
  return reportToFlat(reports[0]!);
}

export function bytesOf(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const list = parts.map((part) => (typeof part === 'string' ? Uint8Array.from(part, (c) => c.charCodeAt(0)) : part));
  const all = new Uint8Array(list.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of list) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

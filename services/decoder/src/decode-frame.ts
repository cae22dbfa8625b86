/** One raw frame to its outcomes. Pure: same frame, same settings and same build give the same bytes. */
import {
  IdentityKey,
  protocolOf,
  type Assembler,
  type CommandResponse,
  type DecodeInput,
  type DeviceSettings,
  type ExpiredSet,
  type Learnt,
  type Protocol,
  type ProtocolId,
  type Rejection,
  type Report,
} from '@fleetwire/protocols';
import type { Device, RawFrame } from '@fleetwire/schemas';

/** Where a raw frame stands in the log. */
export interface FrameAt {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Everything that came of one raw frame. */
export interface FrameOutcome {
  readonly protocol: Protocol;
  /** Root fields are filled. */
  readonly reports: readonly Report[];
  readonly responses: readonly CommandResponse[];
  /** Counted in bytes of `frame`. */
  readonly rejected: readonly Rejection[];
  readonly learnt: readonly Learnt[];
  readonly media: { readonly set: string; readonly bytes: Uint8Array; readonly type: string } | null;
  /** The bytes that were decoded: the raw frame, or the joined parts. Null: a part that waits for others. */
  readonly frame: Uint8Array | null;
  readonly expired: readonly ExpiredSet<FrameAt>[];
}

export interface FrameEnv {
  readonly settings: DeviceSettings;
  readonly device: Device | null;
  readonly assembler: Assembler<FrameAt>;
  readonly version: string;
  /** 0; higher when frames are decoded again. */
  readonly revision: number;
}

const NOTHING = { reports: [], responses: [], rejected: [], learnt: [], media: null } as const;

/** Decodes one frame, joining it first when it is a part. Never throws on wire content. */
export function decodeFrame(raw: RawFrame, at: FrameAt, env: FrameEnv): FrameOutcome {
  const protocol = protocolOf(raw.protocol as ProtocolId);
  const part = protocol.part?.(raw.frame) ?? null;
  if (part === null) return decodeWhole(protocol, raw, raw.frame, at, env, []);
  // Copied: it waits, and a view would keep a whole fetch.
  const joined = env.assembler.add(protocol, raw.ident, part, Buffer.from(raw.frame), at, raw.received_at);
  if (joined.frame === null) return { ...NOTHING, protocol, frame: null, expired: joined.expired };
  return decodeWhole(protocol, raw, joined.frame, at, env, joined.expired);
}

function decodeWhole(
  protocol: Protocol,
  raw: RawFrame,
  frame: Uint8Array,
  at: FrameAt,
  env: FrameEnv,
  expired: readonly ExpiredSet<FrameAt>[],
): FrameOutcome {
  const input: DecodeInput = {
    frame,
    ident: raw.ident,
    context: raw.context,
    receivedAtUs: raw.received_at,
    settings: env.settings,
  };
  const decoded = protocol.decode(input);
  let index = 0;
  for (const report of decoded.reports) fillRoot(report, raw, at, index++, env);
  return {
    protocol,
    reports: decoded.reports,
    responses: decoded.responses,
    rejected: decoded.rejected,
    learnt: decoded.learnt,
    media: decoded.media ?? null,
    frame,
    expired,
  };
}

/** Root fields that the protocol does not know: where the report came from, and what configuration says of its device. */
function fillRoot(report: Report, raw: RawFrame, at: FrameAt, index: number, env: FrameEnv): void {
  report.revision = env.revision;
  report.ident = raw.ident;
  report.received_at = raw.received_at;
  report.protocol = raw.protocol;
  report.peer = raw.peer;
  report.frame_ref = { topic: at.topic, partition: at.partition, offset: at.offset, index };
  report.decoder_version = env.version;
  if ((report.id_1 | report.id_2 | report.id_3 | report.id_4) === 0) identifyByArrival(report, raw, index);
  if (env.device !== null) describeDevice(report, env.device);
}

const key = new IdentityKey();

/**
 * A record that says nothing of its own time (no clock yet, a keep-alive, an answer) is identified by where it arrived: the same when
 * its frame is decoded again, another when the device sends it again.
 */
function identifyByArrival(report: Report, raw: RawFrame, index: number): void {
  key.start(raw.protocol, raw.ident).text(raw.edge).f64(raw.connection).f64(raw.sequence).u32(index).into(report);
}

function describeDevice(report: Report, device: Device): void {
  report.tenant = device.tenant;
  const numbers: Record<string, number> = { ...report.numbers };
  const strings: Record<string, string> = { ...report.strings };
  if (device.id !== null) numbers['device.id'] = device.id;
  if (device.type_id !== null) numbers['device.type.id'] = device.type_id;
  if (device.protocol_id !== null) numbers['protocol.id'] = device.protocol_id;
  if (device.name !== null) strings['device.name'] = device.name;
  for (const [label, value] of Object.entries(device.labels)) strings[`custom.${label}`] = value;
  report.numbers = numbers;
  report.strings = strings;
}

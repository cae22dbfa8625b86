/** Outcomes as records of topics. Times are those of the frame, so that a repeat after a crash gives the same bytes. */
import type { CommandResponse, Rejection } from '@fleetwire/protocols';
import type { Codec, CommandReport, DeadLetter, RawFrame, Setting } from '@fleetwire/schemas';
import type { OutRecord } from '@fleetwire/streaming';
import type { FrameAt } from './decode-frame.js';

export const STAGE = 'decoder';

/** A dead letter of (a range of) a raw frame. `bytes` is what was decoded: the frame, or its joined parts. */
export function frameDeadLetter(
  raw: RawFrame,
  at: FrameAt,
  bytes: Uint8Array,
  rejection: Rejection,
  version: string,
): DeadLetter {
  return {
    reason: rejection.reason,
    stage: STAGE,
    at: raw.received_at,
    bytes: Buffer.from(bytes),
    error: null,
    path: rejection.path ?? null,
    start: rejection.start,
    end: rejection.end,
    ident: raw.ident,
    peer: raw.peer,
    protocol: raw.protocol,
    transport: raw.transport,
    received_at: raw.received_at,
    edge: raw.edge,
    listener: raw.listener,
    connection: raw.connection,
    sequence: raw.sequence,
    context: raw.context,
    source_topic: at.topic,
    source_partition: at.partition,
    source_offset: at.offset,
    headers: {},
    decoder_version: version,
    partitioner: null,
    suppressed: 0,
  };
}

/** An answer of the device, for the dispatcher to correlate. */
export function answerReport(
  raw: RawFrame,
  at: FrameAt,
  index: number,
  response: CommandResponse,
  correlation: string,
): CommandReport {
  return {
    ident: raw.ident,
    kind: 'answered',
    command_id: null,
    attempt: null,
    boot_id: raw.edge,
    connection: raw.connection,
    protocol: raw.protocol,
    correlation,
    answer: null,
    cause: null,
    detail: null,
    response: {
      command: response.command ?? '',
      outcome: response.outcome,
      code: response.code === undefined ? null : String(response.code),
      values: response.values === undefined ? null : JSON.stringify(response.values),
      tag: response.tag ?? null,
    },
    wire: null,
    frame_ref: { topic: at.topic, partition: at.partition, offset: at.offset, index },
    at: raw.received_at,
  };
}

/** `device-settings` is keyed by ident and name and partitioned by ident. */
export function settingRecord(
  codec: Codec,
  setting: Setting,
): OutRecord & { readonly key: string; readonly value: Buffer } {
  return {
    topic: 'device-settings',
    key: `${setting.ident}|${setting.name}|${setting.side}`,
    partitionKey: setting.ident,
    value: codec.encode('device-settings', setting),
  };
}

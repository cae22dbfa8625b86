import { describe, expect, it } from 'vitest';
import { Assembler, fromHex, type FrameContext } from '@fleetwire/protocols';
import type { RawFrame } from '@fleetwire/schemas';
import { encodeXPacket } from '@fleetwire/protocols/simulate/astra';
import { answersOf, reportedParameters } from './answers.js';
import { decodeFrame, type FrameAt } from './decode-frame.js';

const RECEIVED_US = Date.parse('2026-11-21T10:00:00Z') * 1000;
const AT: FrameAt = { topic: 'raw-frames', partition: 0, offset: 9 };

function decoded(protocol: string, frame: Uint8Array, revision = 0, context: FrameContext = {}) {
  const raw: RawFrame = {
    ident: '350000000000006',
    peer: '10.0.0.1:1',
    protocol,
    transport: 'tcp',
    frame: Buffer.from(frame),
    received_at: RECEIVED_US,
    edge: 'edge-a',
    listener: 'shared',
    connection: 3,
    sequence: 0,
    context,
  };
  const env = { settings: {}, device: null, assembler: new Assembler<FrameAt>(), version: '1', revision };
  return [raw, decodeFrame(raw, AT, env)] as const;
}
const packet = (reasons: readonly string[]): Uint8Array =>
  encodeXPacket({
    ident: '350000000000006',
    reports: [{ sequence: 1, time: RECEIVED_US / 1e6 - 2, reasons, status: 0, modules: [], values: {} }],
  });

describe('answers', () => {
  it('are reports that were asked for, and no others', () => {
    const [raw, outcome] = decoded('astra', packet(['position_on_demand']));
    expect(answersOf(raw, AT, outcome)).toMatchObject([
      { kind: 'answered', correlation: 'report:POLL', answer: 'report', boot_id: 'edge-a', at: RECEIVED_US },
    ]);
    const [other, unasked] = decoded('astra', packet(['timed_interval']));
    expect(unasked.reports).toHaveLength(1);
    expect(answersOf(other, AT, unasked)).toEqual([]);
  });

  it('do not come a second time when a frame is decoded again', () => {
    const [raw, outcome] = decoded('astra', packet(['position_on_demand']), 1);
    expect(outcome.reports).toHaveLength(1);
    expect(answersOf(raw, AT, outcome)).toEqual([]);
  });

  it('of a JT808 terminal to a query of parameters are its reported settings', () => {
    // 0x0104, reply serial 4: one parameter, 0x0029 = 30.
    const [raw, outcome] = decoded('jt808', message('0104000c013812345678000a00040100000029040000001e'));
    expect(answersOf(raw, AT, outcome)).toMatchObject([{ correlation: '0x8104:4', response: { outcome: 'value' } }]);
    expect(reportedParameters(raw, AT, outcome)).toMatchObject([
      { name: '0x0029', side: 'reported', value: '30', source: 'reply', source_offset: 9 },
    ]);
  });
});

/** Flags and checksum around a message without bytes to escape. */
function message(hex: string): Uint8Array {
  const body = fromHex(hex)!;
  const sum = body.reduce((a, b) => a ^ b, 0);
  return Uint8Array.of(0x7e, ...body, sum, 0x7e);
}

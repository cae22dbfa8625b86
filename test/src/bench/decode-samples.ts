/** What `bench:decode` decodes: the corpora, what simulated trackers send on the road, and records of the plainest kind. */
import { Link, familyOf, fromHex, runVector, type DecodeOutput } from '@fleetwire/protocols';
import { createFleet, SIMULATED } from '@fleetwire/protocols/fleet';
import { asciiFrame, binaryFrame, type SimulatedFrame } from '@fleetwire/protocols/simulate/atrack';
import { CORPORA, type CorpusVector } from '../contract/corpora.js';
import { seeded } from '../contract/random.js';

/** The server clock of all samples. */
export const NOW_MS = Date.parse('2027-01-01T00:00:00Z');

/** Bytes to decode, the frames in them, and what the connection and the device already know. */
export interface Sample {
  readonly vector: CorpusVector;
  readonly bytes: Uint8Array;
  readonly frames: number;
}

/** What a frame is called in the table. */
function kindOf(vector: CorpusVector, bytes: Uint8Array): string {
  switch (vector.protocol) {
    case 'astra':
      return `astra ${String.fromCharCode(bytes[0]!)}`;
    case 'h02':
      return bytes[0] === 0x24 ? 'h02 binary' : 'h02 text';
    case 'jt808': {
      const id = ((bytes[1]! << 8) | bytes[2]!).toString(16).padStart(4, '0');
      return id === '0200' || id === '0704' ? `jt808 0x${id}` : 'jt808 other';
    }
    case 'atrack': {
      const hex = (vector.chunks ?? []).join('');
      const form = `atrack ${bytes[2] === 0x2c && bytes[7] === 0x2c ? 'ASCII' : 'binary'}`;
      if (vector.connection?.['waiting'] !== undefined) return `${form}, impact data`;
      return vector.device?.['form'] !== undefined || /2543/.test(hex) ? `${form} custom` : form;
    }
    default:
      return vector.protocol;
  }
}

/** Vectors that decode to messages, by kind. */
export function corpusSamples(): Map<string, Sample[]> {
  const kinds = new Map<string, Sample[]>();
  for (const { vectors } of CORPORA)
    for (const vector of vectors) {
      if (vector.kind !== 'decode' || vector.transport !== 'tcp' || vector.expect.rejected !== undefined) continue;
      const output = runVector(vector) as DecodeOutput;
      if (output.messages.length === 0 || output.rejected.length > 0) continue;
      const bytes = fromHex((vector.chunks ?? []).join(''))!;
      const kind = kindOf(vector, bytes);
      kinds.set(kind, [...(kinds.get(kind) ?? []), { vector, bytes, frames: output.frames.length }]);
    }
  return kinds;
}

/** Frames of simulated trackers on the road: what a fleet sends day in, day out. */
export function roadSamples(): Map<string, Sample[]> {
  const kinds = new Map<string, Sample[]>();
  for (const protocol of SIMULATED)
    for (const tracker of createFleet({
      protocol,
      transport: 'tcp',
      count: 40,
      seed: 5,
      startMs: NOW_MS - 3_600_000,
    })) {
      const link = new Link({ families: [familyOf(protocol)], transport: 'tcp' });
      const env = { nowMs: NOW_MS, transport: 'tcp' as const, settingsOf: () => ({}) };
      let now = NOW_MS - 3_600_000;
      const say = (writes: readonly Uint8Array[], sample: boolean): void => {
        for (const bytes of writes) {
          link.push(bytes);
          for (let item = link.next(env); item !== null; item = link.next(env)) {
            if (item.kind !== 'frame') continue;
            const { accepted } = item;
            if (sample && accepted.kind === 'publish' && accepted.class === 'data') {
              const vector = { ...BLANK, protocol, connection: { ident: accepted.ident } };
              const kind = `${kindOf(vector, item.bytes)}${protocol === 'atrack' ? ' custom' : ''}, on the road`;
              kinds.set(kind, [...(kinds.get(kind) ?? []), { vector, bytes: item.bytes.slice(), frames: 1 }]);
            }
            if (accepted.reply !== null) say(tracker.onBytes(accepted.reply, now).writes, sample);
          }
        }
      };
      say(tracker.onConnect(now), false);
      for (let n = 0; n < 12; n++) say(tracker.report((now += 10_000)), true);
    }
  return kinds;
}

/** ATrack records without custom info, as most decoders take them: the fixed part alone. */
export function plainSamples(): Map<string, Sample[]> {
  const random = seeded(6);
  const frames = Array.from({ length: 240 }, (_, i): SimulatedFrame => {
    const time = Math.floor(NOW_MS / 1000) - 10 * i;
    return {
      unitId: String(350_000_000_000_000 + i * 7919),
      sequence: i,
      records: [
        {
          ...{ gps: time, rtc: time, send: time + 1, reason: 2, inputs: 1, outputs: 0, analog: 0 },
          longitude: random.next() * 360 - 180,
          latitude: random.next() * 180 - 90,
          heading: random.below(360),
          mileage: random.below(300_000) / 10,
          hdop: random.below(30) / 10,
          speed: random.below(120),
        },
      ],
    };
  });
  const samples = (word: (frame: SimulatedFrame) => Uint8Array): Sample[] =>
    frames.map((frame) => ({
      vector: { ...BLANK, protocol: 'atrack', connection: { ident: frame.unitId } },
      bytes: word(frame),
      frames: 1,
    }));
  return new Map([
    ['atrack ASCII, on the road', samples(asciiFrame)],
    ['atrack binary, on the road', samples(binaryFrame)],
  ]);
}

const BLANK = { id: '', transport: 'tcp', kind: 'decode', now: '', chunks: [], expect: {} } as const;

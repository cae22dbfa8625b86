/**
 * `npm run bench:decode`: decoding alone, per protocol and frame kind, over the corpora in a seeded order, one core.
 *   (a) frame → normalised record, framing included;
 *   (b) the same up to the Avro bytes of `telemetry`: all that the decoder does but Kafka.
 * Frames per CPU second (median of the rounds) and bytes allocated a frame. Run with --expose-gc.
 */
import {
  Link,
  PROTOCOLS,
  familyOf,
  fromHex,
  runVector,
  type AcceptEnv,
  type DecodeOutput,
  type Report,
} from '@fleetwire/protocols';
import { createFleet } from '@fleetwire/protocols/fleet';
import { Codec } from '@fleetwire/schemas';
import { CORPORA, type CorpusVector } from '../contract/corpora.js';
import { seeded } from '../contract/random.js';
import { machine } from './process-cpu.js';

const NOW_MS = Date.parse('2027-01-01T00:00:00Z');
const ROUNDS = 7;
const ROUND_CPU_MS = 400;
const collect = (globalThis as { gc?: () => void }).gc;

interface Sample {
  readonly vector: CorpusVector;
  readonly bytes: Uint8Array;
  readonly frames: number;
}

/** What a frame is called in the table: by its first byte and its length class. */
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
      const form =
        vector.device?.['form'] !== undefined || /2543/.test((vector.chunks ?? []).join('')) ? ' custom' : '';
      return `atrack ${bytes[2] === 0x2c && bytes[7] === 0x2c ? 'ASCII' : 'binary'}${form}`;
    }
  }
}

/** Vectors that decode to messages, by kind. */
function samples(): Map<string, Sample[]> {
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
function driven(): Map<string, Sample[]> {
  const kinds = new Map<string, Sample[]>();
  for (const protocol of PROTOCOLS)
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
              const kind = `${kindOf(vector, item.bytes)}, on the road`;
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

const BLANK = { id: '', transport: 'tcp', kind: 'decode', now: '', chunks: [], expect: {} } as const;

/** One pass over a sample: framing, accept, decode, and with a codec the Avro bytes. */
function pass(sample: Sample, link: Link, env: AcceptEnv, codec: Codec | null): number {
  let bytes = 0;
  link.push(sample.bytes);
  for (let item = link.next(env); item !== null; item = link.next(env)) {
    if (item.kind !== 'frame' || item.accepted.kind !== 'publish') continue;
    const { ident, context } = item.accepted;
    const decoded = item.protocol.decode({
      frame: item.bytes,
      ident,
      context,
      receivedAtUs: NOW_MS * 1000,
      settings: env.settingsOf(ident),
    });
    for (const report of decoded.reports) bytes += codec === null ? 1 : encode(report, ident, codec);
  }
  return bytes;
}

function encode(report: Report, ident: string, codec: Codec): number {
  report.ident = ident;
  report.received_at = NOW_MS * 1000;
  report.protocol = 'bench';
  report.peer = '127.0.0.1:1';
  report.frame_ref = { topic: 'raw-frames', partition: 0, offset: 1, index: 0 };
  report.decoder_version = '0';
  return codec.encode('telemetry', report).length;
}

/** Frames per CPU second, and bytes allocated a frame. */
function measure(list: readonly Sample[], codec: Codec | null): { perSecond: number; allocated: number } {
  const random = seeded(4);
  const order = Array.from({ length: 512 }, () => list[random.below(list.length)]!);
  const lanes = order.map((sample) => {
    const connection = sample.vector.connection ?? {};
    const ident = typeof connection['ident'] === 'string' ? connection['ident'] : undefined;
    const form = sample.vector.device?.['form'];
    const settings = typeof form === 'string' ? { form, formSource: 'manual' as const } : {};
    const link = new Link({
      families: [familyOf(sample.vector.protocol)],
      transport: 'tcp',
      ...(ident !== undefined && { known: { ident } }),
    });
    return { sample, link, env: { nowMs: NOW_MS, transport: 'tcp' as const, settingsOf: () => settings } };
  });
  const frames = order.reduce((sum, sample) => sum + sample.frames, 0);
  const once = (): void => {
    for (const { sample, link, env } of lanes) pass(sample, link, env, codec);
  };
  for (let warm = process.cpuUsage(); process.cpuUsage(warm).user < 500_000;) once();
  const speeds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    let count = 0;
    let used = 0;
    while (used < ROUND_CPU_MS * 1000) {
      once();
      count += frames;
      const { user, system } = process.cpuUsage(start);
      used = user + system;
    }
    speeds.push(count / (used / 1e6));
  }
  collect?.();
  const heap = process.memoryUsage().heapUsed;
  once();
  const allocated = (process.memoryUsage().heapUsed - heap) / frames;
  return { perSecond: speeds.sort((a, b) => a - b)[ROUNDS >> 1]!, allocated };
}

const format = (n: number): string => Math.round(n).toLocaleString('en');
console.log(`# Decoding, ${machine()}\n`);
console.log(
  '| kind | vectors | (a) frames/CPU s | bytes/frame | (b) frames/CPU s | bytes/frame | (b)/(a) |\n|---|---|---|---|---|---|---|',
);
const codec = Codec.local(['telemetry']);
for (const [kind, list] of [...driven(), ...samples()].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const a = measure(list, null);
  const b = measure(list, codec);
  console.log(
    `| ${kind} | ${list.length} | ${format(a.perSecond)} | ${format(a.allocated)} | ${format(b.perSecond)} | ${format(b.allocated)} | ${(b.perSecond / a.perSecond).toFixed(2)} |`,
  );
}

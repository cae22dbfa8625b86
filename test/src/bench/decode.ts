/**
 * `npm run bench:decode`: decoding alone, per protocol and frame kind, over the corpora in a seeded order, one core.
 *   (a) frame → normalised record, framing included;
 *   (b) the same up to the Avro bytes of `telemetry`: all that the decoder does but Kafka.
 * Frames per CPU second (median of the rounds) and bytes allocated a frame. Run with --expose-gc. An argument keeps the kinds that
 * contain it: `npm run bench:decode h02`.
 */
import { Link, familyOf, type AcceptEnv, type DeviceSettings, type Report } from '@fleetwire/protocols';
import { Codec } from '@fleetwire/schemas';
import { seeded } from '../contract/random.js';
import { NOW_MS, corpusSamples, plainSamples, roadSamples, type Sample } from './decode-samples.js';
import { machine } from './process-cpu.js';

const ROUNDS = 7;
const ROUND_CPU_MS = 400;
const PASSES_BETWEEN_CLOCKS = 10;
const collect = (globalThis as { gc?: () => void }).gc;

/** A connection in steady state: what the device's frames taught (an ATrack report format) is known, as it is in the decoder. */
interface Lane {
  readonly sample: Sample;
  readonly link: Link;
  readonly env: AcceptEnv;
  settings: DeviceSettings;
}

/** One pass over a sample: framing, accept, decode, and with a codec the Avro bytes. */
function pass(lane: Lane, codec: Codec | null): number {
  const { sample, link, env } = lane;
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
      settings: lane.settings,
    });
    for (const { settings } of decoded.learnt) lane.settings = { ...lane.settings, ...settings };
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
  const lanes = order.map((sample): Lane => {
    const connection = sample.vector.connection ?? {};
    const ident = typeof connection['ident'] === 'string' ? connection['ident'] : undefined;
    const form = sample.vector.device?.['form'];
    const settings: DeviceSettings = typeof form === 'string' ? { form, formSource: 'manual' } : {};
    const link = new Link({
      families: [familyOf(sample.vector.protocol)],
      transport: 'tcp',
      ...(ident !== undefined && { known: { ident } }),
    });
    return { sample, link, env: { nowMs: NOW_MS, transport: 'tcp', settingsOf: () => settings }, settings };
  });
  const frames = order.reduce((sum, sample) => sum + sample.frames, 0);
  const once = (): void => {
    for (const lane of lanes) pass(lane, codec);
  };
  for (let warm = process.cpuUsage(); process.cpuUsage(warm).user < 500_000;) once();
  const speeds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    let count = 0;
    let used = 0;
    while (used < ROUND_CPU_MS * 1000) {
      // Asking for the time used costs as much as dozens of frames.
      for (let i = 0; i < PASSES_BETWEEN_CLOCKS; i++) once();
      count += PASSES_BETWEEN_CLOCKS * frames;
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
const wanted = process.argv[2] ?? '';
for (const [kind, list] of [...roadSamples(), ...plainSamples(), ...corpusSamples()].sort(([a], [b]) =>
  a < b ? -1 : 1,
)) {
  if (!kind.includes(wanted)) continue;
  const a = measure(list, null);
  const b = measure(list, codec);
  console.log(
    `| ${kind} | ${list.length} | ${format(a.perSecond)} | ${format(a.allocated)} | ${format(b.perSecond)} | ${format(b.allocated)} | ${(b.perSecond / a.perSecond).toFixed(2)} |`,
  );
}

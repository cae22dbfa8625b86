/**
 * The fuzz loop. A case is decided by (seed, number): which family, port and transport, which frames, how they are damaged and cut.
 * What is looked for: exceptions, steps over STEP_MS_MAX, reasons outside the closed list, another outcome for the same input,
 * a valid frame that is lost after noise on a connection that stays open, or without any noise, memory that grows.
 */
import { FAMILIES, type Family, type ProtocolId } from '@fleetwire/protocols';
import { Codec } from '@fleetwire/schemas';
import { seeded, type Random } from '../contract/random.js';
import { cut, damaged, disorder } from './mutate.js';
import { makePool, type FrameSample, type Pool } from './pool.js';
import { Reader, type Offence } from './reader.js';

export interface FuzzOptions {
  readonly seed: number;
  /** Ends after so many frames, or so many seconds, whichever is first. */
  readonly frames: number;
  readonly seconds: number;
  /** The families with a defect, in a test of the fuzzer. */
  readonly families?: readonly Family[];
  /** Only this case. */
  readonly only?: number;
  /** Ends after so many findings. */
  readonly findingsMax?: number;
}

export interface Finding {
  readonly kind: Offence['kind'] | 'lost' | 'unstable' | 'memory';
  readonly detail: string;
  /** Run again with `--seed` and `--case`. */
  readonly case: number;
  /** Hex of the reads. */
  readonly reads: readonly string[];
}

export interface FuzzResult {
  readonly seed: number;
  cases: number;
  /** Frames that were sent, whole or damaged. */
  frames: number;
  bytes: number;
  reports: number;
  /** Connections that the product closed, by protocol of the port; `shared` for the shared one. */
  readonly closed: Record<string, number>;
  /** Valid frames sent after noise until one came through. */
  beacons: number;
  heapGrowthBytes: number;
  readonly findings: Finding[];
}

const FINDINGS_MAX = 20;
/**
 * A damaged length may swallow valid frames, as many bytes as a frame may have and several times in a row; after this much a protocol has found
 * its step again or has closed the connection.
 */
const DEAF_BYTES_MAX = 128 * 1024;
/** Looks again at a slow step so many times: the machine may have been busy. */
const RETRIES = 40;
const HEAP_EVERY = 2000;
const HEAP_GROWTH_MAX = 24 * 1024 * 1024;

interface Case {
  readonly families: readonly Family[];
  readonly port: ProtocolId | 'shared';
  readonly transport: 'tcp' | 'udp';
  readonly pieces: readonly Uint8Array[];
  readonly reads: readonly Uint8Array[];
  readonly settings: FrameSample['settings'];
  readonly beacon: FrameSample;
  /** Valid frames alone and the reads in which they come. */
  readonly clean: { readonly frames: readonly Uint8Array[]; readonly reads: readonly Uint8Array[] };
  /** Frames whose bytes go to the decoder half at once, damaged behind their sums. */
  readonly direct: readonly { readonly sample: FrameSample; readonly bytes: Uint8Array }[];
}

interface Seen {
  readonly trace: readonly string[];
  readonly frames: number;
  readonly reports: number;
  readonly closed: boolean;
  /** Beacons until one came through; -1: none did. */
  readonly beacons: number;
}

export function fuzz(options: FuzzOptions): FuzzResult {
  const families = options.families ?? FAMILIES;
  const pool = makePool();
  const codec = Codec.local();
  const result: FuzzResult = {
    ...{ seed: options.seed, cases: 0, frames: 0, bytes: 0, reports: 0, closed: {}, beacons: 0, heapGrowthBytes: 0 },
    findings: [],
  };
  const deadline = performance.now() + options.seconds * 1000;
  let heapFloor: number | null = null;
  for (let number = options.only ?? 0; result.frames < options.frames && performance.now() < deadline; number++) {
    oneCase(number, makeCase(pool, families, caseRandom(options.seed, number)), codec, result);
    if (options.only !== undefined || result.findings.length >= (options.findingsMax ?? FINDINGS_MAX)) break;
    if (++result.cases % HEAP_EVERY !== 0) continue;
    const heap = heapBytes();
    if (heap === null) continue;
    // Caches fill first: the floor is taken after a while.
    if (heapFloor === null) heapFloor = heap;
    result.heapGrowthBytes = heap - heapFloor;
  }
  if (result.heapGrowthBytes > HEAP_GROWTH_MAX)
    found(result, 'memory', `${result.heapGrowthBytes} bytes more after collection`, result.cases, []);
  return result;
}

/** Cases are independent, so that one can be run alone. */
const caseRandom = (seed: number, number: number): Random =>
  seeded((Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0);

function makeCase(pool: Pool, families: readonly Family[], random: Random): Case {
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)]!;
  const first = pick(pool.samples);
  const own = families.find((f) => f.protocols.some((p) => p.id === first.protocol))!;
  const inFamily = (protocol: ProtocolId): boolean => own.protocols.some((p) => p.id === protocol);
  const shared = random.below(3) === 0;
  const transport = random.below(3) === 0 ? 'udp' : 'tcp';
  // Mostly one family, now and then a stranger at the wrong port.
  const mixed = random.below(6) === 0;
  const samples = [first];
  for (let more = random.below(4); more > 0; more--) {
    const next = pick(pool.samples);
    if (mixed || inFamily(next.protocol)) samples.push(next);
  }
  const pieces = disorder(
    samples.flatMap((s) => s.chunks),
    random,
  );
  const beacons = pool.beacons.filter((b) => inFamily(b.protocol));
  const direct = Array.from({ length: random.below(3) }, () => {
    const sample = pick(pool.frames);
    return { sample, bytes: damaged(sample.frame, pick(pool.frames).frame, random) };
  });
  const beacon = pick(beacons);
  const clean = Array.from({ length: 1 + random.below(5) }, () => pick(beacons))
    .filter((one) => one.protocol === beacon.protocol)
    .map((one) => one.frame);
  return {
    families: shared ? families : [own],
    port: shared ? 'shared' : own.protocols[0]!.id,
    transport,
    pieces,
    reads: transport === 'udp' ? pieces : cut(pieces, random),
    settings: random.below(4) === 0 ? pick(pool.samples).settings : first.settings,
    beacon,
    clean: { frames: clean, reads: transport === 'udp' ? clean : cut(clean, random) },
    direct,
  };
}

function oneCase(number: number, it: Case, codec: Codec, result: FuzzResult): void {
  const offences: Offence[] = [];
  const seen = play(it, it.reads, codec, (offence) => offences.push(offence));
  const report = (kind: Finding['kind'], detail: string): void => found(result, kind, detail, number, it.reads);
  for (const offence of offences)
    if (offence.kind !== 'slow' || stillSlow(it, codec, offence.step)) report(offence.kind, offence.detail);
  result.frames += it.pieces.length + it.direct.length + Math.max(0, seen.beacons);
  result.reports += seen.reports;
  result.beacons += Math.max(0, seen.beacons);
  for (const read of it.reads) result.bytes += read.length;
  if (seen.closed) result.closed[it.port] = (result.closed[it.port] ?? 0) + 1;
  if (seen.beacons < 0) report('lost', `a valid ${it.beacon.protocol} frame after noise on ${it.port}/${it.transport}`);
  const ignore = (): void => undefined;
  if (number % 4 === 0 && differs(seen, play(it, it.reads, codec, ignore)) !== null)
    report('unstable', differs(seen, play(it, it.reads, codec, ignore)) ?? 'another outcome of the same input');
  if (number % 4 === 1) {
    const missing = undamaged(it, codec, ignore);
    if (missing !== null) report('lost', missing);
  }
}

/** Valid frames alone, however they are cut, come out as they went in. */
function undamaged(it: Case, codec: Codec, onOffence: (offence: Offence) => void): string | null {
  const reader = new Reader({ families: it.families, transport: it.transport, settings: {}, codec, onOffence });
  const out = it.clean.reads.flatMap((read) => reader.take(read));
  const want = it.clean.frames.map((frame) => Buffer.from(frame).toString('hex'));
  const got = out.map((frame) => Buffer.from(frame).toString('hex'));
  const at = want.findIndex((frame, i) => frame !== got[i]);
  return at < 0
    ? null
    : `frame ${at} of ${want.length} undamaged ones on ${it.port}/${it.transport}: ${want.join(' ')}`;
}

/** One connection from its first byte to its end. */
function play(it: Case, reads: readonly Uint8Array[], codec: Codec, onOffence: (offence: Offence) => void): Seen {
  const reader = new Reader({
    families: it.families,
    transport: it.transport,
    settings: it.settings,
    codec,
    onOffence,
  });
  for (const { sample, bytes } of it.direct) {
    const protocol = it.families.flatMap((f) => f.protocols).find((p) => p.id === sample.protocol);
    if (protocol !== undefined) reader.decode(protocol, bytes, sample.ident, sample.context);
  }
  for (const read of reads) if (!reader.link.broken) reader.take(read);
  const before = [...reader.trace];
  const beacons = reader.link.broken || !speaksFor(it, reader) ? 0 : sendBeacons(it, reader);
  const closed = reader.link.broken;
  reader.end();
  return { trace: before, frames: reader.frames, reports: reader.reports, closed, beacons };
}

/** On the shared port a connection speaks one family; a frame of another is refused there, as it must be. */
function speaksFor(it: Case, reader: Reader): boolean {
  const detected = reader.link.detected;
  if (it.port !== 'shared') return true;
  return detected === null
    ? it.transport === 'udp'
    : detected.family.protocols.some((p) => p.id === it.beacon.protocol);
}

/** Sends a valid frame until it comes out; -1 when more bytes than a damaged length may swallow did not bring it out. */
function sendBeacons(it: Case, reader: Reader): number {
  const { frame } = it.beacon;
  const budget = it.transport === 'udp' ? frame.length : DEAF_BYTES_MAX;
  let sent = 0;
  for (let bytes = 0; bytes < budget; bytes += frame.length) {
    sent++;
    const out = reader.take(frame);
    if (out.some((one) => one.length === frame.length && Buffer.compare(one, frame) === 0)) return sent;
    // A closed connection is an answer too: the device dials again and repeats. What may not be is one that stays open and deaf.
    if (reader.link.broken) return it.transport === 'tcp' ? sent : -1;
  }
  return -1;
}

function differs(a: Seen, b: Seen): string | null {
  const length = Math.max(a.trace.length, b.trace.length);
  for (let i = 0; i < length; i++)
    if (a.trace[i] !== b.trace[i])
      return `line ${i}: ${String(a.trace[i]).slice(0, 160)} | ${String(b.trace[i]).slice(0, 160)}`;
  return null;
}

/** The same step is slow each time. That another one is, in a case of many steps, is what a busy machine does. */
function stillSlow(it: Case, codec: Codec, step: number): boolean {
  for (let retry = 0; retry < RETRIES; retry++) {
    const slow = new Set<number>();
    play(it, it.reads, codec, (offence) => {
      if (offence.kind === 'slow') slow.add(offence.step);
    });
    if (!slow.has(step)) return false;
  }
  return true;
}

function found(
  result: FuzzResult,
  kind: Finding['kind'],
  detail: string,
  number: number,
  reads: readonly Uint8Array[],
): void {
  if (result.findings.length >= FINDINGS_MAX) return;
  result.findings.push({ kind, detail, case: number, reads: reads.map((read) => Buffer.from(read).toString('hex')) });
}

/** After a collection; null when the process was started without `--expose-gc`. */
function heapBytes(): number | null {
  if (globalThis.gc === undefined) return null;
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/**
 * What `message_id` promises: a report that is sent again (in another packet, marked as stored, at another time, under another serial)
 * keeps its id, and different reports never share one. Devices of the simulator word the readings; the ids come from Link and decoders.
 */
import { CORPORA } from '../contract/corpora.js';
import { Link, familyOf, runVector, type DecodeOutput } from '@fleetwire/protocols';
import type { SimulatedId } from '@fleetwire/protocols/ids';
import {
  AstraDevice,
  AtrackDevice,
  Drive,
  H02Device,
  Jt808Device,
  identOf,
  type Dialect,
  type Stored,
} from '@fleetwire/protocols/fleet';
import { seeded, type Random } from '../contract/random.js';
import { envOf, NOW_MS } from './pool.js';

export interface IdentityOptions {
  readonly seed: number;
  /** Simulated reports whose ids must differ. */
  readonly reports: number;
}
export interface IdentityResult {
  /** Reports of the corpora with an id of their own, and how many different ids they have. */
  corpusReports: number;
  corpusIds: number;
  /** Reports that were also sent again otherwise. */
  resent: number;
  reports: number;
  readonly problems: string[];
}

/** Readings of one device; a day and a half at their distance. */
const READINGS = 1000;
const DISTANCE_MS = 5000;
const START_MS = NOW_MS - 2 * 86_400_000;
/** Of each so many devices one sends everything again. */
const RESENDS_EVERY = 10;
const PROBLEMS_MAX = 20;

/** A protocol and one of its dialects. */
interface Kind {
  readonly protocol: SimulatedId;
  readonly make: (ident: string) => Dialect;
}

const KINDS: readonly Kind[] = [
  { protocol: 'astra', make: (ident) => new AstraDevice({ ident, transport: 'tcp', login: true }) },
  { protocol: 'astra', make: (ident) => new AstraDevice({ ident, transport: 'tcp', login: false }) },
  { protocol: 'h02', make: (ident) => new H02Device({ ident, transport: 'tcp', form: 'text' }) },
  { protocol: 'h02', make: (ident) => new H02Device({ ident, transport: 'tcp', form: 'binary' }) },
  { protocol: 'jt808', make: (ident) => new Jt808Device({ ident, edition: 2013 }) },
  { protocol: 'jt808', make: (ident) => new Jt808Device({ ident, edition: 2019 }) },
  { protocol: 'atrack', make: (ident) => new AtrackDevice({ ident, form: 'binary' }) },
  { protocol: 'atrack', make: (ident) => new AtrackDevice({ ident, form: 'ascii' }) },
];

export function checkIdentities(options: IdentityOptions): IdentityResult {
  const result: IdentityResult = { corpusReports: 0, corpusIds: 0, resent: 0, reports: 0, problems: [] };
  checkCorpora(result);
  // 64 bits of each id, sorted: 8 bytes a report. Ten million random ones have two alike once in 370,000 runs.
  const halves = new Uint32Array(2 * options.reports);
  for (let device = 0; result.reports < options.reports; device++) {
    const kind = KINDS[device % KINDS.length]!;
    const random = seeded((options.seed ^ Math.imul(device + 1, 0x9e3779b1)) >>> 0);
    const ident = identOf(kind.protocol, options.seed, device);
    const stored = readings(random);
    // As a device sends them that is never out of reach: one a frame, or as many as fit.
    const ids = send(kind, ident, stored, random, device % 2 === 0 ? 1 : READINGS, false);
    if (ids.length !== 2 * stored.length)
      problem(result, `${kind.protocol} ${ident}: ${ids.length / 2} reports of ${stored.length} readings`);
    if (device % RESENDS_EVERY < KINDS.length && Math.floor(device / KINDS.length) % RESENDS_EVERY === 0)
      resend(result, kind, ident, stored, ids, random);
    for (let i = 0; i < ids.length && result.reports < options.reports; i += 2) {
      halves[2 * result.reports] = ids[i]!;
      halves[2 * result.reports + 1] = ids[i + 1]!;
      result.reports++;
    }
    if (result.problems.length >= PROBLEMS_MAX) return result;
  }
  const sorted = new BigUint64Array(halves.buffer).sort();
  for (let i = 1; i < sorted.length; i++)
    if (sorted[i] === sorted[i - 1])
      problem(result, `two simulated reports share the id half ${sorted[i]!.toString(16)}`);
  return result;
}

function problem(result: IdentityResult, text: string): void {
  if (result.problems.length < PROBLEMS_MAX) result.problems.push(text);
}

function readings(random: Random): Stored[] {
  const drive = new Drive({
    seed: random.below(0x7fffffff),
    startMs: START_MS,
    latitude: -60 + 120 * random.next(),
    longitude: -179 + 358 * random.next(),
  });
  return Array.from({ length: READINGS }, (_, i) => ({
    reading: drive.read(START_MS + (i + 1) * DISTANCE_MS),
    sequence: i,
    buffered: false,
    sentBefore: false,
  }));
}

/** The same readings again: after other frames, marked as stored, in packets with other borders, later. */
function resend(
  result: IdentityResult,
  kind: Kind,
  ident: string,
  stored: readonly Stored[],
  ids: readonly number[],
  random: Random,
): void {
  const again = stored.map((one) => ({ ...one, buffered: true, sentBefore: true }));
  const other = send(kind, ident, again, random, 1 + random.below(8), true);
  result.resent += stored.length;
  const changed = ids.findIndex((id, i) => id !== other[i]);
  if (changed >= 0 || other.length !== ids.length)
    problem(
      result,
      `${kind.protocol} ${ident}: reading ${Math.floor(changed / 2)} has another id when it is sent again`,
    );
}

/** First and second word of the ids of what a server reads of the readings, in order. */
function send(
  { protocol, make }: Kind,
  ident: string,
  stored: readonly Stored[],
  random: Random,
  packetMax: number,
  later: boolean,
): number[] {
  const dialect = make(ident);
  const link = new Link({ families: [familyOf(protocol)], transport: 'tcp' });
  const env = envOf('tcp', {});
  const ids: number[] = [];
  const nowMs = later ? NOW_MS - 1000 : START_MS + READINGS * DISTANCE_MS;
  const receivedAtUs = NOW_MS * 1000 + (later ? 12_345_000 : 0);
  const take = (bytes: Uint8Array, wanted: boolean): void => {
    link.push(bytes);
    for (let item = link.next(env); item !== null; item = link.next(env)) {
      if (item.kind !== 'frame' || item.accepted.kind !== 'publish') continue;
      const { accepted, bytes: frame } = item;
      const input = { frame, ident: accepted.ident, context: accepted.context, receivedAtUs, settings: {} };
      for (const report of item.protocol.decode(input).reports)
        if (wanted && report.kind === 'report') ids.push(report.id_1 >>> 0, report.id_2 >>> 0);
    }
  };
  dialect.open();
  for (const hello of dialect.hello(nowMs)) take(hello, false);
  // Serials that are not those of the first time.
  for (let i = later ? 1 + random.below(50) : 0; i > 0; i--) dialect.word(stored.slice(0, 1), nowMs);
  const fitting = Math.min(packetMax, dialect.readingsPerFrameMax);
  for (let from = 0; from < stored.length;) {
    const size = later ? 1 + random.below(fitting) : fitting;
    take(dialect.word(stored.slice(from, from + size), nowMs).bytes, true);
    from += size;
  }
  return ids;
}

/** Corpora repeat reports in other dresses: who has the same id must be the same device at the same time and place. */
function checkCorpora(result: IdentityResult): void {
  const seen = new Map<string, string>();
  for (const { vectors } of CORPORA)
    for (const vector of vectors) {
      if (vector.kind === 'encode') continue;
      const output = runVector(vector) as DecodeOutput;
      for (const message of output.messages) {
        const id = String(message['message.id']);
        if (/^0*$/.test(id)) continue;
        result.corpusReports++;
        const what = JSON.stringify(
          ['ident', 'device.timestamp', 'position.latitude', 'position.longitude'].map((name) => message[name] ?? null),
        );
        const before = seen.get(id);
        if (before !== undefined && before !== what) problem(result, `${vector.id}: ${what} has the id of ${before}`);
        seen.set(id, what);
      }
    }
  result.corpusIds = seen.size;
}

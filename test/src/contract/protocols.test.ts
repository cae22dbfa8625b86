/**
 * One contract over all protocols, run on their corpora: what every protocol module must hold, whatever its wire looks like.
 * It can not prove that a corpus is complete; the protocols' own tests go through their specifications.
 */
import { describe, expect, it } from 'vitest';
import {
  DETECT_BYTES_MAX,
  FAMILIES,
  Link,
  fromHex,
  protocolOf,
  runVector,
  toHex,
  type DecodeOutput,
  type ProtocolId,
} from '@fleetwire/protocols';
import { differences } from './compare.js';
import { CORPORA, type CorpusVector } from './corpora.js';
import { seeded } from './random.js';

const decoded = (vectors: readonly CorpusVector[]): readonly CorpusVector[] =>
  vectors.filter((v) => v.kind !== 'encode');
const run = (vector: CorpusVector, chunks: readonly string[] = vector.chunks ?? []): DecodeOutput =>
  runVector({ ...vector, chunks }) as DecodeOutput;
/** What must not depend on how the stream was cut. */
const essence = (o: DecodeOutput) => ({
  ...o,
  // A read may end inside a run of noise, which is then counted in two pieces.
  rejected: o.rejected.map((r) => r.reason).filter((reason, i, all) => reason !== 'noise' || all[i - 1] !== 'noise'),
});
const SUMS: ReadonlySet<ProtocolId> = new Set(['astra', 'jt808', 'atrack']);

describe.each(CORPORA)('$protocol', ({ protocol, vectors }) => {
  it('has a corpus', () => {
    expect(vectors.length).toBeGreaterThan(20);
  });

  it('turns every vector of its corpus into what it must become', () => {
    const wrong = vectors.flatMap((v) => differences(v.expect, runVector(v)).map((d) => `${v.id}: ${d}`));
    expect(wrong).toEqual([]);
  });

  it('gives the same outcome however a TCP stream is cut', () => {
    const random = seeded(20260101);
    const wrong: string[] = [];
    for (const vector of decoded(vectors)) {
      const whole = (vector.chunks ?? []).join('');
      // A pause between reads can carry meaning (a short `$` record), so only single reads are cut anew.
      if (vector.transport !== 'tcp' || (vector.chunks ?? []).length !== 1) continue;
      const want = JSON.stringify(essence(run(vector)));
      for (let round = 0; round < 4; round++) {
        const chunks: string[] = [];
        for (let at = 0; at < whole.length;) {
          const size = round === 0 ? 2 : 2 * (1 + random.below(round === 1 ? 7 : 64));
          chunks.push(whole.slice(at, at + size));
          at += size;
        }
        if (JSON.stringify(essence(run(vector, chunks))) !== want) {
          wrong.push(`${vector.id} (round ${round})`);
          break;
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('never throws, and never makes another record of a damaged frame that has a checksum', () => {
    const random = seeded(7);
    const wrong: string[] = [];
    for (const vector of decoded(vectors)) {
      // A second flip can mend what was damaged before: only sums that are right tell anything.
      if (vector.device?.['crc_mode'] === 'lenient' || vector.expect.rejected !== undefined) continue;
      const whole = run(vector);
      const intact = new Set(whole.messages.map((m) => JSON.stringify(m)));
      // Text lines (logins, answers) carry no sum, and change what the frames behind them mean.
      const summed = SUMS.has(protocol) && !whole.frames.some((f) => f.startsWith('24'));
      for (let flip = 0; flip < 16; flip++) {
        const chunks = (vector.chunks ?? []).map((c) => fromHex(c)!);
        const chunk = chunks[random.below(chunks.length)];
        if (chunk === undefined || chunk.length === 0) continue;
        chunk[random.below(chunk.length)]! ^= 1 << random.below(8);
        const output = run(
          vector,
          chunks.map((c) => toHex(c)),
        );
        const other = output.messages.filter((m) => !intact.has(JSON.stringify(m)));
        if (summed && other.length > 0) wrong.push(vector.id);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('reads the same frame the same way twice', () => {
    for (const vector of decoded(vectors)) expect(run(vector)).toEqual(run(vector));
  });

  it('survives noise of any kind without an exception and within its buffer bound', () => {
    const random = seeded(99);
    const limit = protocolOf(protocol).limits.frameBytesMax;
    for (let round = 0; round < 300; round++) {
      for (const families of [FAMILIES, FAMILIES.filter((f) => f.protocols.some((p) => p.id === protocol))]) {
        const link = new Link({ families, transport: round % 2 === 0 ? 'tcp' : 'udp' });
        const env = { nowMs: 1_800_000_000_000, transport: 'tcp' as const, settingsOf: () => ({}) };
        for (let chunk = 0; chunk < 8 && !link.broken; chunk++) {
          link.push(random.bytes(1 + random.below(600)));
          while (link.next(env) !== null);
          expect(link.pendingBytes).toBeLessThanOrEqual(Math.max(limit, DETECT_BYTES_MAX) + 600);
        }
        link.end();
        while (link.next(env) !== null);
        expect(link.broken || link.pendingBytes === 0).toBe(true);
      }
    }
  });

  it('is found on the shared port from its own frames, and never taken for another on a prefix of them', () => {
    const wrong: string[] = [];
    const env = { nowMs: 1_800_000_000_000, transport: 'tcp' as const, settingsOf: () => ({}) };
    for (const vector of decoded(vectors)) {
      if (vector.connection !== undefined || vector.expect.rejected !== undefined || !vector.expect.messages?.length)
        continue;
      const bytes = fromHex((vector.chunks ?? []).join(''))!;
      const link = new Link({ families: FAMILIES, transport: 'tcp' });
      for (let at = 0; at < bytes.length && link.detected === null && !link.broken; at++) {
        link.push(bytes.slice(at, at + 1));
        link.next(env);
      }
      const family = link.detected?.family.protocols.some((p) => p.id === vector.protocol) ?? false;
      if (!family) wrong.push(`${vector.id}: ${link.detected?.protocol ?? 'not detected'}`);
    }
    expect(wrong).toEqual([]);
  });
});

/** Corpus vectors that can be sent to running services: no earlier knowledge, nothing from the future, one device, no copies. */
import { FAMILIES, Link, runVector, type DecodeOutput, type ProtocolId } from '@fleetwire/protocols';
import { CORPORA, type CorpusVector } from '../../contract/corpora.js';

export interface Sendable {
  readonly id: string;
  readonly protocol: ProtocolId;
  readonly ident: string;
  readonly transport: 'tcp' | 'udp';
  /** TCP: one read, to be cut anew. UDP: a datagram each. */
  readonly chunks: readonly Buffer[];
  /** What must come of it, judged at the time of sending. */
  readonly output: DecodeOutput;
}

/** Slack for clocks that a corpus time may be compared with. */
const FUTURE_S = 60;

/** Every vector, on the transport that it names; those of one datagram's size on the other one too. */
export function sendables(now: Date): readonly Sendable[] {
  return CORPORA.flatMap(({ vectors }) => {
    const plain = vectors.filter((v) => v.kind !== 'encode' && v.connection === undefined && v.device === undefined);
    const forms = formsOf(plain);
    return plain.flatMap((vector) => {
      const chunks = (vector.chunks ?? []).map((hex) => Buffer.from(hex, 'hex'));
      const ways: Sendable['transport'][] =
        chunks.length === 1 ? ['tcp', 'udp'] : vector.transport === 'udp' ? ['udp'] : [];
      return ways.flatMap((transport) => {
        const output = runVector({ ...vector, transport, now: now.toISOString() }) as DecodeOutput;
        if (
          !usable(output, now) ||
          !opensShared(chunks[0]!, transport) ||
          taughtOtherwise(vector, transport, output, forms, now)
        )
          return [];
        return [
          {
            id: `${vector.id} (${transport})`,
            protocol: vector.protocol,
            ident: output.ident!,
            transport,
            chunks,
            output,
          },
        ];
      });
    });
  });
}

/** The shared port knows what it is from the first read; a protocol's own port also takes what begins with noise. */
function opensShared(first: Buffer, transport: Sendable['transport']): boolean {
  const link = new Link({ families: FAMILIES, transport });
  link.push(first);
  link.next({ nowMs: 0, transport, settingsOf: () => ({}) });
  return link.detected !== null;
}

function usable(output: DecodeOutput, now: Date): boolean {
  if (output.ident === null || output.messages.length === 0) return false;
  if (output.messages.some((m) => m['ident'] !== output.ident)) return false;
  if (new Set(output.frames).size < output.frames.length) return false;
  const newest = Math.max(...output.messages.map((m) => Number(m['device.timestamp'] ?? 0)));
  return newest < now.getTime() / 1000 - FUTURE_S;
}

/** Report formats by device that the corpus itself teaches: the decoder keeps them, whichever vector comes first. */
function formsOf(vectors: readonly CorpusVector[]): ReadonlyMap<string, ReadonlySet<string>> {
  const forms = new Map<string, Set<string>>();
  for (const vector of vectors) {
    const output = runVector(vector) as DecodeOutput;
    const learnt = output.context['form'] as { form?: string } | undefined;
    if (output.ident === null || learnt?.form === undefined) continue;
    const known = forms.get(output.ident) ?? new Set();
    forms.set(output.ident, known.add(learnt.form));
  }
  return forms;
}

/** It would be read in another way with a format that another vector of this device teaches. */
function taughtOtherwise(
  vector: CorpusVector,
  transport: Sendable['transport'],
  output: DecodeOutput,
  forms: ReadonlyMap<string, ReadonlySet<string>>,
  now: Date,
): boolean {
  if (output.rejected.some((r) => r.reason === 'format_unknown' || r.reason === 'layout_mismatch')) return true;
  return [...(forms.get(output.ident!) ?? [])].some((form) => {
    const other = runVector({ ...vector, transport, now: now.toISOString(), device: { form } }) as DecodeOutput;
    return JSON.stringify(other.messages) !== JSON.stringify(output.messages);
  });
}

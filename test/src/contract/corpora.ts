import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PROTOCOLS, type ProtocolId, type Vector } from '@fleetwire/protocols';
import type { Expectation } from './compare.js';

/** A corpus line: a vector and what it must become. */
export type CorpusVector = Vector & { readonly expect: Expectation };

const sources = fileURLToPath(new URL('../../../libs/protocols/src/', import.meta.url));

/** Every line of every corpus file of a protocol's folder. */
export function corpusOf(protocol: ProtocolId): readonly CorpusVector[] {
  const folder = `${sources}${protocol}/corpus`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => readFileSync(`${folder}/${name}`, 'utf8').split('\n').filter(Boolean))
    .map((line) => JSON.parse(line) as CorpusVector);
}

export const CORPORA: readonly { readonly protocol: ProtocolId; readonly vectors: readonly CorpusVector[] }[] =
  PROTOCOLS.map((protocol) => ({ protocol, vectors: corpusOf(protocol) }));

/**
 * What the decoders really emit, over every line of their corpora, against the catalogue: no name without a row, no other type
 * than the row's. What a device sends and nobody names goes under a vendor's family, which has a row too.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { PROTOCOLS, runVector, type Vector } from '@fleetwire/protocols';
import { describe, expect, it } from 'vitest';
import { loadCatalogue } from './load.js';

const catalogue = loadCatalogue();
const sources = new URL('../../../libs/protocols/src/', import.meta.url);

function corpusOf(protocol: string): Vector[] {
  const folder = new URL(`${protocol}/corpus/`, sources);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(new URL(name, folder), 'utf8').split('\n').filter(Boolean))
    .map((line) => JSON.parse(line) as Vector);
}
const typeOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value);

describe.each(PROTOCOLS)('the decoder of %s', (protocol) => {
  const messages = corpusOf(protocol)
    .filter(({ kind }) => kind === 'decode')
    .map((vector) => runVector(vector))
    .flatMap((output) => ('messages' in output ? output.messages : []));

  it('emits only names of the catalogue, with the type of their row', () => {
    expect(messages.length).toBeGreaterThan(20);
    const wrong = new Set<string>();
    for (const message of messages) {
      for (const [name, value] of Object.entries(message)) {
        const parameter = catalogue.find(name);
        if (parameter === undefined) wrong.add(`${name}: no row`);
        else if (parameter.type !== 'any' && parameter.type !== typeOf(value))
          wrong.add(`${name}: ${typeOf(value)}, not ${parameter.type}`);
      }
    }
    expect([...wrong]).toEqual([]);
  });

  it('is named as a source of what it emits', () => {
    const wrong = new Set<string>();
    for (const message of messages) {
      for (const name of Object.keys(message)) {
        const kinds = catalogue.find(name)?.sources.map(({ kind }) => kind) ?? [];
        if (!kinds.includes(protocol) && !kinds.includes('pipeline')) wrong.add(name);
      }
    }
    expect([...wrong]).toEqual([]);
  });
});

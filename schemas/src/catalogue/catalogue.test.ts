/**
 * The catalogue against the parameters that the product pages of the three device families list: names, types and units, with
 * units in this catalogue's spelling. Where a page gives no unit, ours may have one.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadCatalogue } from './load.js';
import { examplesOf, isFamily, plainName, type Seed } from './parameter.js';

const catalogue = loadCatalogue();
const listed = readFileSync(new URL('../test-data/product-parameters.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t') as [name: string, type: string, unit: string, pages: string]);

describe('the catalogue', () => {
  it.each<[Seed, number]>([
    ['astra', 80],
    ['sinotrack', 43],
    ['atrack', 174],
  ])('has all parameters of the page of %s: %d', (page, count) => {
    const wanted = listed.filter(([, , , pages]) => pages.split(' ').includes(page)).map(([name]) => name);
    const ours = catalogue.parameters.filter((parameter) => parameter.seeds.includes(page)).map(plainName);
    expect(wanted).toHaveLength(count);
    expect(ours.toSorted()).toEqual(wanted.toSorted());
  });

  it.each(listed)('gives %s the listed type %s and unit %s', (name, type, unit) => {
    const ours = catalogue.parameters.find((parameter) => parameter.seeds.length > 0 && plainName(parameter) === name);
    expect(ours?.type).toBe(type);
    if (unit !== '') expect(ours?.unit).toBe(unit);
  });

  it('marks as pipeline what no device sends', () => {
    const pipeline = ['channel.id', 'device.id', 'device.name', 'device.type.id', 'peer', 'protocol.id', 'server.timestamp', 'timestamp.key', 'custom.NAME']; // prettier-ignore
    for (const name of pipeline)
      expect(catalogue.find(name === 'custom.NAME' ? 'custom.x' : name)?.sources.map(({ kind }) => kind)).toEqual([
        'pipeline',
      ]);
  });

  it('finds a member of a family by its number, its CAN identifier or its code', () => {
    expect(catalogue.find('ain.7')?.name).toBe('ain.N');
    expect(catalogue.find('can.data.frame.18FEF100')?.unit).toBeNull();
    expect(catalogue.find('atrack.XS')?.name).toBe('atrack.CODE');
    expect(catalogue.find('tyre.pressure.1.2')?.unit).toBe('bar');
  });

  it('does not find a name that is nobody’s, nor a family without its number', () => {
    for (const name of ['ain', 'ain.x', 'position', 'no.such.name']) expect(catalogue.find(name)).toBeUndefined();
  });

  it('gives examples that belong to their family', () => {
    for (const parameter of catalogue.parameters.filter(isFamily))
      for (const example of examplesOf(parameter)) expect(catalogue.find(example)?.name).toBeDefined();
  });

  it('says for every parameter where it comes from', () => {
    for (const parameter of catalogue.parameters) expect(parameter.sources, parameter.name).not.toHaveLength(0);
  });
});

import { describe, expect, it } from 'vitest';
import type { Addressee } from '@fleetwire/protocols';
import { Passengers } from './passengers.js';

const named = (name: string) => (): Addressee => ({ fields: { ident: name } }) as unknown as Addressee;
const never = (): never => {
  throw new Error('one device needs no name');
};

describe('the devices of a connection', () => {
  it('are commanded as the connection stands while there is one, and by name once there are several', () => {
    const passengers = new Passengers();
    passengers.speaks('a', named('a'));
    passengers.speaks('a', never);
    expect([passengers.way('a'), passengers.way('b')]).toEqual(['current', null]);
    passengers.speaks('b', named('b'));
    expect([passengers.way('a'), passengers.way('b')]).toEqual([{ fields: { ident: 'a' } }, 'current']);
    passengers.leaves('b');
    expect([passengers.way('a'), passengers.way('b')]).toEqual([{ fields: { ident: 'a' } }, null]);
  });

  it('can not be told apart where commands name nobody: only the one that spoke last gets its own', () => {
    const passengers = new Passengers();
    passengers.speaks('a', () => null);
    passengers.speaks('b', () => null);
    expect([passengers.way('a'), passengers.way('b')]).toEqual([null, 'current']);
  });

  it('have a last frame each', () => {
    const passengers = new Passengers();
    for (const [ident, byte] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      passengers.speaks(ident, () => null);
      passengers.keep('h02', Uint8Array.of(byte), {}, 5);
    }
    expect(passengers.lastFrame('a')).toMatchObject({ ident: 'a', frame: Uint8Array.of(1), receivedAtUs: 5 });
    expect(passengers.lastFrame('b')).toMatchObject({ ident: 'b', frame: Uint8Array.of(2) });
    expect(passengers.lastFrame('c')).toBeNull();
  });
});

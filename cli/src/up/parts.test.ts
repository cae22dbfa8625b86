import { describe, expect, it } from 'vitest';
import { DeathWatch } from './parts.js';
import { reasonOf } from './probe.js';

const part = (name: string) => {
  let end: (exit: { code: number | null; signal: NodeJS.Signals | null }) => void = () => undefined;
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => (end = resolve));
  return {
    part: { name, exited, tail: () => Promise.resolve([`last words of ${name}`]) },
    end: (code: number) => end({ code, signal: null }),
  };
};

describe('the watch over the parts', () => {
  it('tells which part ended first, how, and its last lines', async () => {
    const watch = new DeathWatch();
    const [a, b] = [part('decoder'), part('enricher')];
    watch.watch(a.part);
    watch.watch(b.part);
    b.end(3);
    await watch.until(new AbortController().signal);
    a.end(1);
    await a.part.exited;
    expect(watch.death).toEqual({ part: 'enricher', how: 'ended with code 3', lastLines: ['last words of enricher'] });
  });

  it('sees no death in what ends after the stop has begun', async () => {
    const watch = new DeathWatch();
    const a = part('decoder');
    watch.watch(a.part);
    watch.disarm();
    a.end(0);
    await a.part.exited;
    expect(watch.death).toBeNull();
  });

  it('lets go when the instance is told to stop', async () => {
    const stop = new AbortController();
    const waiting = new DeathWatch().until(stop.signal);
    stop.abort();
    await expect(waiting).resolves.toBeUndefined();
  });
});

describe('why a service is not ready', () => {
  it('is said in its own words', () => {
    expect(
      reasonOf('{"status":"failing","checks":{"processor":{"ok":false,"reason":"2 of 6 ready"},"http":{"ok":true}}}'),
    ).toBe('processor: 2 of 6 ready');
    expect(reasonOf('bad gateway')).toBe('it is not ready yet');
  });
});

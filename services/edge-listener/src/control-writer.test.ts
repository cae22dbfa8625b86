import { createLogger } from '@fleetwire/service';
import type { OutRecord } from '@fleetwire/streaming';
import { describe, expect, it } from 'vitest';
import { ControlWriter } from './control-writer.js';
import { Lease } from './lease.js';

const record = (key: string, value = 'v'): OutRecord => ({ topic: 't', key, value: Buffer.from(value) });

function setUp() {
  const sent: string[][] = [];
  const gates: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const errors = { value: 0, inc: (by = 1): void => void (errors.value += by) };
  const writer = new ControlWriter(
    {
      send: (records) => {
        sent.push(records.map((one) => `${String(one.key)}=${one.value?.toString() ?? '-'}`));
        return new Promise((resolve, reject) => gates.push({ resolve: () => resolve([]), reject }));
      },
      close: () => Promise.resolve(),
    },
    createLogger({ service: 'test', level: 'silent' }),
    errors,
  );
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { sent, gates, errors, writer, turn };
}

describe('ControlWriter', () => {
  it('has one send under way and sends together what came meanwhile', async () => {
    const { sent, gates, writer, turn } = setUp();
    const first = writer.write(record('a'));
    await turn();
    void writer.write(record('b'));
    writer.keep('s', record('s', '1'));
    writer.keep('s', record('s', '2'));
    await turn();
    expect(sent).toEqual([['a=v']]);
    gates[0]!.resolve();
    await first;
    await turn();
    expect(sent[1]).toEqual(['b=v', 's=2']);
    gates[1]!.resolve();
    expect(await writer.flush(1_000)).toBe(true);
  });

  it('tells writers of a refusal, and keeps what is to be kept unless a newer one came', async () => {
    const { sent, gates, errors, writer, turn } = setUp();
    writer.keep('s', record('s', '1'));
    writer.keep('u', record('u', '1'));
    const write = writer.write(record('a'));
    await turn();
    writer.keep('s', record('s', '2'));
    gates[0]!.reject(new Error('refused'));
    await expect(write).rejects.toThrow('refused');
    expect(errors.value).toBe(3);
    expect(writer.waiting).toBe(2);
    while (sent.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sent[1]).toEqual(['s=2', 'u=1']);
    gates[1]!.resolve();
    await writer.close();
  });

  it('refuses writes once it is closed', async () => {
    const { writer } = setUp();
    await writer.close();
    await expect(writer.write(record('a'))).rejects.toThrow('closed');
  });
});

describe('Lease', () => {
  it('counts its age from before the send of its last committed renewal', async () => {
    let nowMs = 0;
    let commit = true;
    const states: string[] = [];
    const lease = new Lease({
      bootId: 'b',
      host: 'h',
      version: '1',
      inbox: 0,
      intervalMs: 3_600_000,
      listeners: [],
      sessions: () => 0,
      write: (status) => {
        states.push(`${status.state} ${status.lease}`);
        nowMs += 400;
        return commit ? Promise.resolve() : Promise.reject(new Error('refused'));
      },
      onResult: () => undefined,
      clock: { wallMs: () => nowMs, monotonicMs: () => nowMs },
    });
    expect(lease.ageMs()).toBe(Infinity);
    await lease.start(new AbortController().signal);
    expect(lease.ageMs()).toBe(400);
    commit = false;
    await lease.say('draining');
    expect(lease.ageMs()).toBe(800);
    commit = true;
    await lease.stop();
    expect(lease.ageMs()).toBe(400);
    expect(states).toEqual(['starting 1', 'draining 2', 'stopped 3']);
  });
});

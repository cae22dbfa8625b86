import { describe, expect, it, vi } from 'vitest';
import { LingeringProducer } from './batching-producer.js';
import { StreamError } from './errors.js';
import type { BatchingOptions, Placed } from './ports.js';
import type { OutMessage } from './records.js';

const OPTIONS: BatchingOptions = {
  lingerMs: 1,
  batchBytesMax: 10_000,
  batchRecordsMax: 3,
  highMarkBytes: 1_000,
  lowMarkBytes: 300,
  deliveryTimeoutMs: 5_000,
};
const record = (value: string, bytes = 10) => ({ topic: 't', key: 'k', value: Buffer.alloc(bytes, value) });

/** A sender whose sends are settled by the test. */
function playSender() {
  const sends: { values: string[]; resolve: () => void; reject: (error: Error) => void }[] = [];
  return {
    sends,
    send: (messages: readonly OutMessage[]) =>
      new Promise<Placed[]>((resolve, reject) => {
        sends.push({
          values: messages.map(({ value }) => value!.toString().slice(0, 1)),
          resolve: () => resolve(messages.map(({ topic }, offset) => ({ topic, partition: 0, offset }))),
          reject,
        });
      }),
    close: () => Promise.resolve(),
  };
}

describe('the batching producer', () => {
  it('acknowledges a record only when its batch is committed', async () => {
    const sender = playSender();
    const producer = new LingeringProducer(sender, OPTIONS);
    let acknowledged = false;
    const appended = producer.append(record('a')).then((placed) => {
      acknowledged = true;
      return placed;
    });
    await vi.waitFor(() => expect(sender.sends).toHaveLength(1));
    expect(acknowledged).toBe(false);
    sender.sends[0]!.resolve();
    expect(await appended).toEqual({ topic: 't', partition: 0, offset: 0 });
  });

  it('has one batch in flight, in the order of the calls', async () => {
    const sender = playSender();
    const producer = new LingeringProducer(sender, OPTIONS);
    const appended = ['a', 'b', 'c', 'd', 'e'].map((value) => producer.append(record(value)));
    expect(sender.sends.map(({ values }) => values)).toEqual([['a', 'b', 'c']]);
    sender.sends[0]!.resolve();
    await vi.waitFor(() => expect(sender.sends).toHaveLength(2));
    expect(sender.sends[1]!.values).toEqual(['d', 'e']);
    sender.sends[1]!.resolve();
    await Promise.all(appended);
    expect(producer.bytesPending).toBe(0);
  });

  it('lets linger what came while a batch was in flight, and sends at once what waited longer', async () => {
    vi.useFakeTimers();
    try {
      const sender = playSender();
      const producer = new LingeringProducer(sender, { ...OPTIONS, lingerMs: 10 });
      const settle = async (send: number): Promise<void> => {
        sender.sends[send]!.resolve();
        await vi.advanceTimersByTimeAsync(0);
      };
      const appended = [producer.append(record('a'))];
      await vi.advanceTimersByTimeAsync(10);
      expect(sender.sends).toHaveLength(1);

      appended.push(producer.append(record('b')));
      await vi.advanceTimersByTimeAsync(4);
      await settle(0);
      appended.push(producer.append(record('c')));
      await vi.advanceTimersByTimeAsync(5);
      expect(sender.sends).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(sender.sends[1]!.values).toEqual(['b', 'c']);

      appended.push(producer.append(record('d')));
      await vi.advanceTimersByTimeAsync(50);
      appended.push(producer.append(record('e')));
      await settle(1);
      expect(sender.sends[2]!.values).toEqual(['d', 'e']);
      await settle(2);
      await Promise.all(appended);
    } finally {
      vi.useRealTimers();
    }
  });

  it('rejects every record of a refused batch and goes on with the next', async () => {
    const sender = playSender();
    const producer = new LingeringProducer(sender, OPTIONS);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((value) => producer.append(record(value)));
    const outcomes = Promise.allSettled([a, b, c]);
    sender.sends[0]!.reject(new StreamError('send_rejected', 'no'));
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await vi.waitFor(() => expect(sender.sends).toHaveLength(2));
    sender.sends[1]!.resolve();
    await expect(d).resolves.toMatchObject({ topic: 't' });
  });

  it('is pressed from the high mark down to the low mark, and tells each change once', async () => {
    const sender = playSender();
    const producer = new LingeringProducer(sender, OPTIONS);
    const changes: boolean[] = [];
    producer.onPressure((pressed) => changes.push(pressed));
    const appended = ['a', 'b', 'c', 'd', 'e', 'f'].map((value) => producer.append(record(value, 200)));
    expect(producer.pressed).toBe(true);
    sender.sends[0]!.resolve();
    await vi.waitFor(() => expect(sender.sends).toHaveLength(2));
    expect(producer.pressed).toBe(true);
    sender.sends[1]!.resolve();
    await Promise.all(appended);
    expect(producer.pressed).toBe(false);
    expect(changes).toEqual([true, false]);
  });

  it('flushes without waiting for the linger, and says when it did not come about in time', async () => {
    const sender = playSender();
    const producer = new LingeringProducer(sender, { ...OPTIONS, lingerMs: 60_000 });
    const appended = producer.append(record('a'));
    expect(await producer.flush(20)).toBe(false);
    expect(sender.sends).toHaveLength(1);
    const flushed = producer.flush(5_000);
    sender.sends[0]!.resolve();
    expect(await flushed).toBe(true);
    await appended;
    expect(await producer.flush(1)).toBe(true);
  });

  it('rejects what still waits when it is closed, and everything after', async () => {
    const producer = new LingeringProducer(playSender(), { ...OPTIONS, lingerMs: 60_000 });
    const waiting = producer.append(record('a'));
    const told = expect(waiting).rejects.toMatchObject({ code: 'closed' });
    await producer.close();
    await told;
    await expect(producer.append(record('b'))).rejects.toMatchObject({ code: 'closed' });
    expect(producer.bytesPending).toBe(0);
  });

  it('refuses limits that contradict each other', () => {
    expect(() => new LingeringProducer(playSender(), { ...OPTIONS, lowMarkBytes: 1_000 })).toThrow(/lowMarkBytes/);
    expect(() => new LingeringProducer(playSender(), { ...OPTIONS, batchBytesMax: 10 ** 7 })).toThrow(/batchBytesMax/);
  });
});

import { describe, expect, it } from 'vitest';
import { byTopic, choosePartition, chunkByBytes, OutMessage, placeAll, toInRecord } from './records.js';
import { partitionOf } from './partition.js';

const message = (topic: string, partition: number): OutMessage => {
  const made = new OutMessage({ topic, partition, key: null, value: null }, 5);
  choosePartition(made, 100);
  return made;
};

describe('choosing a partition', () => {
  it('prefers the explicit one, then the partition key, then the key', () => {
    const base = { topic: 't', key: 'device trip', value: null };
    expect(choosePartition(new OutMessage({ ...base, partition: 4, partitionKey: 'device' }, 0), 6)).toBe(4);
    expect(choosePartition(new OutMessage({ ...base, partitionKey: 'device' }, 0), 6)).toBe(partitionOf('device', 6));
    expect(choosePartition(new OutMessage(base, 0), 6)).toBe(partitionOf('device trip', 6));
  });

  it('refuses a record with neither', () => {
    expect(() => choosePartition(new OutMessage({ topic: 't', key: null, value: null }, 0), 6)).toThrow(
      /neither key nor partition/,
    );
  });
});

describe('placing records', () => {
  const answer = (topicName: string, partition: number, baseOffset: string, errorCode = 0) => ({
    topicName,
    partition,
    baseOffset,
    errorCode,
  });

  it('counts on from the first offset of each partition', () => {
    const messages = [message('t', 0), message('t', 1), message('t', 0), message('u', 0)];
    const placed = placeAll(messages, [answer('t', 0, '10'), answer('t', 1, '7'), answer('u', 0, '0')]);
    expect(placed?.map(({ offset }) => offset)).toEqual([10, 7, 11, 0]);
  });

  it('places nothing when a partition is not among the answers, or refused', () => {
    const messages = [message('t', 0), message('t', 1)];
    expect(placeAll(messages, [answer('t', 0, '10')])).toBeNull();
    expect(placeAll(messages, [answer('t', 0, '10'), answer('t', 1, '-1', 3)])).toBeNull();
    expect(placeAll(messages, [answer('t', 0, '10'), answer('t', 1, '-1')])).toBeNull();
  });
});

describe('cutting into requests', () => {
  it('keeps the order, stays below the limit, and lets what is too long stand alone', () => {
    expect(chunkByBytes([3, 4, 9, 20, 1, 1], 10, (n) => n)).toEqual([[3, 4], [9], [20], [1, 1]]);
    expect(chunkByBytes([], 10, () => 1)).toEqual([]);
  });

  it('groups by topic in order', () => {
    const messages = [message('t', 0), message('u', 1), message('t', 2)];
    expect(byTopic(messages).map(({ topic, messages: list }) => [topic, list.map(({ chosen }) => chosen)])).toEqual([
      ['t', [0, 2]],
      ['u', [1]],
    ]);
  });
});

describe('a record read', () => {
  it('has numbers for offset and time, and the last value of a repeated header', () => {
    const read = toInRecord('t', 3, {
      key: null,
      value: Buffer.from('v'),
      timestamp: '1700000000000',
      offset: '42',
      headers: { a: [Buffer.from('1'), Buffer.from('2')], b: Buffer.from('x') },
    });
    expect(read).toMatchObject({ topic: 't', partition: 3, offset: 42, timestampMs: 1_700_000_000_000, key: null });
    expect(read.headers['a']?.toString()).toBe('2');
    expect(read.headers['b']?.toString()).toBe('x');
    expect(read.headers['c']).toBeUndefined();
  });
});

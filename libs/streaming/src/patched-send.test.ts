/** One send of the patched client against a cluster that the test plays: what no real broker can be made to do at the right moment. */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

interface Produced {
  readonly firstSequence: number;
  readonly partition: number;
  readonly messages: readonly unknown[];
}
interface ProduceCall {
  readonly topicData: readonly { readonly topic: string; readonly partitions: readonly Produced[] }[];
}
interface ProduceAnswer {
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly baseOffset: string;
    }[];
  }[];
}
type Send = (send: {
  acks: number;
  topicMessages: readonly { topic: string; messages: readonly unknown[] }[];
}) => Promise<readonly unknown[]>;
type Retrier = (
  attempt: (bail: (error: Error) => void, count: number, ms: number) => Promise<unknown>,
) => Promise<readonly unknown[]>;

const makeSender: (name: string) => (parts: object) => Send = createRequire(import.meta.url);
const makeRetrier: (name: string) => (options: object) => Retrier = createRequire(import.meta.url);

class Refusal extends Error {
  override readonly name: string = 'KafkaJSProtocolError';
  constructor(
    readonly type: string,
    readonly retriable: boolean,
  ) {
    super(type);
  }
}

/** A cluster of two brokers and the partitions 0 and 1 of topic `t`; `leaders` says who leads. */
function playCluster(produce: (nodeId: number, call: ProduceCall) => ProduceAnswer | Promise<ProduceAnswer>) {
  const leaders: Record<number, number> = { 0: 1, 1: 2 };
  const sequences = new Map<string, number>();
  let rejection: Error | null = null;
  let closed = false;
  const logger = { debug: () => undefined, error: () => undefined };
  const cluster = {
    targetTopics: new Set(['t']),
    addMultipleTargetTopics: () => Promise.resolve(),
    refreshMetadataIfNecessary: () => Promise.resolve(),
    refreshMetadata: () => Promise.resolve(),
    isConnected: () => true,
    findTopicPartitionMetadata: () => [{ partitionId: 0 }, { partitionId: 1 }],
    findLeaderForPartitions: (_topic: string, partitions: readonly (number | string)[]) => {
      const byLeader: Partial<Record<string, number[]>> = {};
      for (const partition of partitions.map(Number)) {
        const leader = leaders[partition];
        if (leader !== undefined) byLeader[leader] = [...(byLeader[leader] ?? []), partition];
      }
      return byLeader;
    },
    findBroker: ({ nodeId }: { nodeId: string }) =>
      Promise.resolve({
        nodeId: Number(nodeId),
        produce: (call: ProduceCall) => Promise.resolve().then(() => produce(Number(nodeId), call)),
      }),
  };
  const eosManager = {
    acquireBrokerLock: () => Promise.resolve(),
    releaseBrokerLock: () => undefined,
    isTransactional: () => false,
    getProducerId: () => 1,
    getProducerEpoch: () => 0,
    getSequence: (topic: string, partition: number) => sequences.get(`${topic}/${partition}`) ?? 0,
    updateSequence: (topic: string, partition: number, count: number) =>
      void sequences.set(`${topic}/${partition}`, (sequences.get(`${topic}/${partition}`) ?? 0) + count),
    reject: (error: Error) => void (rejection ??= error),
    rejectedBy: () => rejection,
  };
  const retrier = makeRetrier('kafkajs/src/retry/index.js')({ initialRetryTime: 1, maxRetryTime: 5, retries: 5 });
  const partitioner = ({ message }: { message: { partition: number } }) => message.partition;
  const send = makeSender('kafkajs/src/producer/sendMessages.js')({
    logger,
    cluster,
    partitioner,
    eosManager,
    retrier,
    isClosed: () => closed,
  });
  return {
    leaders,
    close: () => {
      closed = true;
    },
    sequences,
    send: (...partitions: number[]) =>
      send({
        acks: -1,
        topicMessages: [{ topic: 't', messages: partitions.map((partition) => ({ partition, value: 'v' })) }],
      }),
  };
}

const answer = (call: ProduceCall, left: readonly number[] = []): ProduceAnswer => ({
  topics: call.topicData.map(({ topic, partitions }) => ({
    topicName: topic,
    partitions: partitions
      .filter(({ partition }) => !left.includes(partition))
      .map(({ partition }) => ({ partition, errorCode: 0, baseOffset: '0' })),
  })),
});
const sequenceOf = (call: ProduceCall): number => call.topicData[0]!.partitions[0]!.firstSequence;
const partitionsOf = (call: ProduceCall): number[] =>
  call.topicData.flatMap(({ partitions }) => partitions.map(({ partition }) => partition));

describe('a send of the patched client', () => {
  it('goes to the new leader of a partition even if that broker has answered for others', async () => {
    const calls: [number, number[]][] = [];
    const play = playCluster((nodeId, call) => {
      calls.push([nodeId, partitionsOf(call)]);
      if (nodeId === 2) {
        play.leaders[1] = 1;
        throw new Refusal('NOT_LEADER_FOR_PARTITION', true);
      }
      return answer(call);
    });
    expect(await play.send(0, 1)).toHaveLength(2);
    expect(calls).toEqual([
      [1, [0]],
      [2, [1]],
      [1, [1]],
    ]);
  });

  it('is tried again for a partition that the answer leaves out', async () => {
    let calls = 0;
    const play = playCluster((_nodeId, call) => answer(call, ++calls === 1 ? [0] : []));
    expect(await play.send(0)).toHaveLength(1);
    expect(calls).toBe(2);
  });

  it('keeps its sequence numbers over retries, and the next send takes the ones after', async () => {
    const sequences: number[] = [];
    const play = playCluster((_nodeId, call) => {
      sequences.push(sequenceOf(call));
      if (sequences.length < 3) throw new Refusal('REQUEST_TIMED_OUT', true);
      return answer(call);
    });
    await play.send(0, 0);
    await play.send(0);
    expect(sequences).toEqual([0, 0, 0, 2]);
  });

  it('waits for all requests of an attempt before it tries again', async () => {
    let inFlight = 0;
    let overlapped = false;
    let slow = true;
    const play = playCluster(async (nodeId, call) => {
      if (nodeId === 1) {
        overlapped ||= inFlight > 0;
        inFlight++;
        if (slow) await new Promise((resolve) => setTimeout(resolve, 50));
        inFlight--;
        if (slow) {
          slow = false;
          throw new Refusal('REQUEST_TIMED_OUT', true);
        }
      } else if (slow) throw new Refusal('NOT_LEADER_FOR_PARTITION', true);
      return answer(call);
    });
    await play.send(0, 1);
    expect(overlapped).toBe(false);
  });

  it('is refused after another was rejected, and gives no sequence number back', async () => {
    let refuse = true;
    const play = playCluster((_nodeId, call) => {
      if (refuse) throw new Refusal('MESSAGE_TOO_LARGE', false);
      return answer(call);
    });
    await expect(play.send(0)).rejects.toThrow('MESSAGE_TOO_LARGE');
    refuse = false;
    await expect(play.send(0)).rejects.toThrow(/make a new producer/);
    expect(play.sequences.get('t/0')).toBe(1);
  });

  it('does not leave out a partition without a leader in silence', async () => {
    const play = playCluster((_nodeId, call) => answer(call));
    delete play.leaders[1];
    await expect(play.send(0, 1)).rejects.toThrow(/No leader is known/);
  });

  it('ends its retries when its producer is closed', async () => {
    let calls = 0;
    const play = playCluster(() => {
      calls++;
      play.close();
      throw new Refusal('REQUEST_TIMED_OUT', true);
    });
    await expect(play.send(0)).rejects.toThrow('REQUEST_TIMED_OUT');
    expect(calls).toBe(1);
  });
});

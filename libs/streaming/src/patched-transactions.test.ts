/** Transactions of the patched client against coordinators that the test plays: whom it asks, and how often. */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

interface Transactions {
  initProducerId(): Promise<void>;
  beginTransaction(): void;
  addPartitionsToTransaction(data: readonly object[]): Promise<void>;
  sendOffsets(offsets: object): Promise<void>;
  commit(): Promise<void>;
}
const loadManager: (name: string) => (parts: object) => Transactions = createRequire(import.meta.url);

class Refusal extends Error {
  override readonly name = 'KafkaJSProtocolError';
  constructor(readonly type: string) {
    super(type);
  }
}

/** A cluster whose coordinator is `leader`; `told` notes every request with who got it, `refuse` lets one fail. */
function playCluster() {
  const told: string[] = [];
  const refusals = new Map<string, string[]>();
  const play = { leader: 1, connected: true, told, refusals };
  const broker = (nodeId: number) => {
    const answer = (name: string, result: object) => () => {
      told.push(`${name} ${nodeId}`);
      const type = refusals.get(name)?.shift();
      return type === undefined ? Promise.resolve(result) : Promise.reject(new Refusal(type));
    };
    return {
      nodeId,
      isConnected: () => play.connected,
      initProducerId: answer('init', { producerId: '5', producerEpoch: 0 }),
      addPartitionsToTxn: answer('partitions', {}),
      addOffsetsToTxn: answer('offsets', {}),
      txnOffsetCommit: answer('commit offsets', {}),
      endTxn: answer('end', {}),
    };
  };
  const cluster = {
    retry: { initialRetryTime: 1, maxRetryTime: 2, retries: 5 },
    refreshMetadataIfNecessary: () => Promise.resolve(),
    findGroupCoordinator: ({ groupId }: { groupId: string }) => {
      told.push(`find ${groupId}`);
      return Promise.resolve(broker(play.leader));
    },
  };
  return { play, cluster };
}

async function opened(client: 'kafkajs' | 'kafkajs-stock') {
  const { play, cluster } = playCluster();
  const logger = { debug: () => undefined, error: () => undefined };
  const transactions = loadManager(`${client}/src/producer/eosManager/index.js`)({
    logger,
    cluster,
    transactional: true,
    transactionalId: 'tx',
  });
  await transactions.initProducerId();
  return { play, transactions };
}

async function run(transactions: Transactions): Promise<void> {
  transactions.beginTransaction();
  await transactions.addPartitionsToTransaction([{ topic: 't', partitions: [{ partition: 0 }] }]);
  await transactions.sendOffsets({ consumerGroupId: 'group', topics: [] });
  await transactions.commit();
}

describe('transactions of the client', () => {
  it('find their coordinators once, where the released client asks before each request', async () => {
    const [stock, patched] = [await opened('kafkajs-stock'), await opened('kafkajs')];
    for (const { transactions } of [stock, patched]) {
      await run(transactions);
      await run(transactions);
    }
    const found = ({ play }: typeof patched) => play.told.filter((line) => line.startsWith('find')).length;
    expect(found(stock)).toBe(9);
    expect(found(patched)).toBe(2);
    const requests = ['init 1', ...['', ''].flatMap(() => ['partitions 1', 'offsets 1', 'commit offsets 1', 'end 1'])];
    expect(patched.play.told.filter((line) => !line.startsWith('find'))).toEqual(requests);
  });

  it.each(['partitions', 'offsets', 'commit offsets', 'end'])(
    'go to the coordinator that follows when the one they know is none any more, at: %s',
    async (request) => {
      const { play, transactions } = await opened('kafkajs');
      await run(transactions);
      const type = request === 'commit offsets' ? 'NOT_COORDINATOR' : 'NOT_COORDINATOR_FOR_GROUP';
      play.refusals.set(request, [type]);
      play.leader = 2;
      await run(transactions);
      expect(
        play.told.slice(play.told.lastIndexOf(`${request} 1`)).filter((line) => line === `${request} 2`),
      ).toHaveLength(1);
    },
  );

  it.each(['partitions', 'offsets'])(
    'ask the same coordinator again while it ends the transaction before, at: %s',
    async (request) => {
      const { play, transactions } = await opened('kafkajs');
      await run(transactions);
      play.refusals.set(request, ['CONCURRENT_TRANSACTIONS', 'CONCURRENT_TRANSACTIONS']);
      const before = play.told.length;
      await run(transactions);
      const told = play.told.slice(before);
      expect(told.filter((line) => line === `${request} 1`)).toHaveLength(3);
      expect(told.filter((line) => line.startsWith('find'))).toEqual([]);
      expect(told.at(-1)).toBe('end 1');
    },
  );

  it('find their coordinator again when its connection is gone', async () => {
    const { play, transactions } = await opened('kafkajs');
    play.connected = false;
    play.leader = 2;
    await run(transactions);
    expect(play.told).toContain('end 2');
    expect(play.told).not.toContain('end 1');
  });

  it('fail when a request fails for any other reason, and ask anew after that', async () => {
    const { play, transactions } = await opened('kafkajs');
    play.refusals.set('end', ['INVALID_PRODUCER_EPOCH']);
    await expect(run(transactions)).rejects.toThrow('INVALID_PRODUCER_EPOCH');
    expect(play.told.filter((line) => line.startsWith('end'))).toHaveLength(1);
  });
});

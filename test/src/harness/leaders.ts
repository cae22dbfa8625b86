import { makeClient, PATCHED } from '../faults/client/clients.js';
import { waitFor } from './wait.js';

/** Moves the leaders of the first `count` partitions of a topic, one after the other, by reassignment: nothing is killed. `moved` is called after each. */
export async function moveLeaders(
  brokers: readonly string[],
  topic: string,
  count: number,
  moved: () => Promise<void>,
): Promise<void> {
  const admin = makeClient(PATCHED, brokers).admin();
  const stateOf = async (partition: number): Promise<{ leader: number; replicas: number[] }> => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]!.partitions.find(({ partitionId }) => partitionId === partition)!;
  };
  await admin.connect();
  try {
    for (let partition = 0; partition < count; partition++) {
      const { leader, replicas } = await stateOf(partition);
      const others = replicas.filter((id) => id !== leader);
      await admin.alterPartitionReassignments({
        topics: [{ topic, partitionAssignment: [{ partition, replicas: others }] }],
      });
      await waitFor('the leader to move', async () => (await stateOf(partition)).leader !== leader);
      await moved();
    }
  } finally {
    await admin.disconnect();
  }
}

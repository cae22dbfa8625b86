import kafkajs from 'kafkajs';
import type { PartitionAssigner } from 'kafkajs';

const VERSION = 1;

/**
 * Shares `partitions` among members: each keeps what it has up to its share, what is left goes to those with least. Shares differ by at most one.
 * Pure, and the same for any order of members and claims: two leaders come to the same result.
 */
export function shareSticky(
  partitions: readonly number[],
  members: readonly { readonly id: string; readonly owned: readonly number[] }[],
): Map<string, number[]> {
  const order = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
  const shares = new Map<string, number[]>(order.map(({ id }) => [id, []]));
  if (order.length === 0) return shares;
  const least = Math.floor(partitions.length / order.length);
  let withOneMore = partitions.length % order.length;
  const known = new Set(partitions);
  const taken = new Set<number>();
  for (const { id, owned } of order) {
    const share = shares.get(id)!;
    for (const partition of [...owned].sort((a, b) => a - b)) {
      if (!known.has(partition) || taken.has(partition)) continue;
      if (share.length >= least) {
        if (share.length > least || withOneMore === 0) break;
        withOneMore--;
      }
      share.push(partition);
      taken.add(partition);
    }
  }
  for (const partition of [...partitions].sort((a, b) => a - b)) {
    if (taken.has(partition)) continue;
    let smallest: number[] | null = null;
    for (const { id } of order) {
      const share = shares.get(id)!;
      if (smallest === null || share.length < smallest.length) smallest = share;
    }
    smallest!.push(partition);
  }
  return shares;
}

function readOwned(userData: Buffer): number[] {
  try {
    const parsed: unknown = JSON.parse(userData.toString());
    return Array.isArray(parsed) ? parsed.filter((p): p is number => Number.isInteger(p)) : [];
  } catch {
    return []; // a member of another build: it keeps nothing
  }
}

/** Gives partition p of all topics to one member, and leaves it there over rebalances. `owned` says what this member has now. */
export function coPartitionedSticky(owned: () => readonly number[]): PartitionAssigner {
  const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;
  return ({ cluster }) => ({
    name: 'FleetwireCoPartitionedSticky',
    version: VERSION,
    protocol({ topics }) {
      return {
        name: this.name,
        metadata: MemberMetadata.encode({ version: VERSION, topics, userData: Buffer.from(JSON.stringify(owned())) }),
      };
    },
    assign({ members, topics }) {
      // Equal counts are checked at the start; should they differ all the same, only what all have is read.
      const counts = topics.map((topic) => cluster.findTopicPartitionMetadata(topic).length);
      const count = Math.min(...counts);
      const shares = shareSticky(
        Array.from({ length: count }, (_, partition) => partition),
        members.map(({ memberId, memberMetadata }) => {
          const metadata = MemberMetadata.decode(memberMetadata);
          return { id: memberId, owned: metadata === null ? [] : readOwned(metadata.userData) };
        }),
      );
      return Promise.resolve(
        members.map(({ memberId }) => {
          const partitions = shares.get(memberId) ?? [];
          const assignment = Object.fromEntries(topics.map((topic) => [topic, partitions]));
          return {
            memberId,
            memberAssignment: MemberAssignment.encode({ version: VERSION, assignment, userData: Buffer.alloc(0) }),
          };
        }),
      );
    },
  });
}

/** Gives the group's one member exactly these partitions: reading without a group's offsets. */
export function exactly(selection: ReadonlyMap<string, readonly number[]>): PartitionAssigner {
  const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;
  return () => ({
    name: 'FleetwireExactly',
    version: VERSION,
    protocol({ topics }) {
      return {
        name: this.name,
        metadata: MemberMetadata.encode({ version: VERSION, topics, userData: Buffer.alloc(0) }),
      };
    },
    assign({ members }) {
      const assignment = Object.fromEntries([...selection].map(([topic, partitions]) => [topic, [...partitions]]));
      return Promise.resolve(
        members.map(({ memberId }) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({ version: VERSION, assignment, userData: Buffer.alloc(0) }),
        })),
      );
    },
  });
}

/** A connection with nothing to send costs the released client some hundred timer calls a second, for each producer. */
import { createRequire } from 'node:module';
import { describe, expect, inject, it, vi } from 'vitest';
import '../../setup/provided.js';
import { sleep } from '../../harness/wait.js';
import { makeClient, PATCHED, STOCK } from './clients.js';

interface RequestQueueClass {
  readonly prototype: { checkPendingRequests(): void };
}
const load: (name: string) => RequestQueueClass = createRequire(import.meta.url);

const IDLE_MS = 1_000;

async function callsWhileIdle(name: 'kafkajs' | 'kafkajs-stock'): Promise<number> {
  const queue = load(`${name}/src/network/requestQueue/index.js`);
  const producer = makeClient(name === 'kafkajs' ? PATCHED : STOCK, inject('brokers')).producer({ idempotent: true });
  await producer.connect();
  const calls = vi.spyOn(queue.prototype, 'checkPendingRequests');
  await sleep(IDLE_MS);
  const count = calls.mock.calls.length;
  calls.mockRestore();
  await producer.disconnect();
  return count;
}

describe('an idle producer', () => {
  it('keeps the released client busy and the patched one still', async () => {
    expect(await callsWhileIdle('kafkajs-stock')).toBeGreaterThan(50);
    expect(await callsWhileIdle('kafkajs')).toBeLessThan(5);
  });
});

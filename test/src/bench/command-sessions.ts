/** A dispatcher with very many sessions: how long it takes to read them, and what they take in memory. */
import { randomBytes } from 'node:crypto';
import { Codec, type SessionDraft } from '@fleetwire/schemas';
import type { OutRecord } from '@fleetwire/streaming';
import { silentLog } from '../harness/commands/log.js';
import type { Stack } from '../harness/stack.js';
import { cpuSeconds, peakMb, residentMb } from './process-cpu.js';
import { sleep } from '../harness/wait.js';

const EDGES = 20;
const SEND_RECORDS = 5_000;
/** Long enough for a collection after the restore, and for ticks to be seen. */
const IDLE_S = 10;

function* sessionsOf(count: number): Generator<SessionDraft> {
  const boots = Array.from({ length: EDGES }, () => randomBytes(8).toString('hex'));
  const sinceUs = Date.now() * 1000;
  for (let n = 0; n < count; n++)
    yield {
      ident: `86${String(7_000_000_000_000 + n)}`,
      boot_id: boots[n % EDGES]!,
      connection: Math.floor(n / EDGES) + 1,
      inbox: n % EDGES,
      transport: n % 10 === 0 ? 'udp' : 'tcp',
      peer: `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}:${1024 + (n % 60_000)}`,
      protocol: (['astra', 'h02', 'jt808', 'atrack'] as const)[n % 4]!,
      listener: 'shared',
      since: sinceUs,
      reachable_until: n % 10 === 0 ? sinceUs + 25_000_000 : null,
      context: {},
    };
}

export async function measureSessions(stack: Stack, count: number): Promise<void> {
  const [dispatcher] = stack.of('command-dispatcher');
  const emptyMb = residentMb(dispatcher!.pid!);
  await dispatcher!.stop();
  const codec = await Codec.connect({
    registryUrl: stack.registry.url,
    topics: ['device-sessions'],
    timeoutMs: 10_000,
  });
  const producer = stack.streams.producer({ log: silentLog, compression: 'zstd' });
  let batch: OutRecord[] = [];
  for (const session of sessionsOf(count)) {
    const { ident, boot_id: bootId } = session;
    const value = codec.encode('device-sessions', session);
    batch.push({ topic: 'device-sessions', key: `${ident}|${bootId}`, partitionKey: ident, value });
    if (batch.length < SEND_RECORDS) continue;
    await producer.send(batch);
    batch = [];
  }
  if (batch.length > 0) await producer.send(batch);
  await producer.close();

  const startMs = performance.now();
  await dispatcher!.start();
  await dispatcher!.ready();
  const readyS = (performance.now() - startMs) / 1000;
  const { pid } = dispatcher!;
  const [restoredMb, restoreCpu] = [residentMb(pid!), cpuSeconds(pid!)];
  await sleep(IDLE_S * 1000);
  const idle = (cpuSeconds(pid!) - restoreCpu) / IDLE_S;
  const records = await dispatcher!.metric('fleetwire_restored_records_total');
  console.log(
    `\n${count.toLocaleString('en')} sessions of ${EDGES} edges, ${records.toLocaleString('en')} records restored\n`,
  );
  console.log('| | |\n|---|---|');
  console.log(`| start to ready, process and group included, s | ${readyS.toFixed(1)} |`);
  console.log(`| CPU of it, s | ${restoreCpu.toFixed(1)} |`);
  console.log(`| memory without sessions, MB | ${emptyMb.toFixed(0)} |`);
  console.log(`| memory when ready, MB | ${restoredMb.toFixed(0)} |`);
  console.log(
    `| memory ${IDLE_S} s later, MB | ${residentMb(pid!).toFixed(0)} (most so far ${peakMb(pid!).toFixed(0)}) |`,
  );
  console.log(`| cores used while idle | ${idle.toFixed(3)} |`);
}

/** Commands to many devices: written in batches, followed to their ends, summed up. */
import type { Codec, CommandDraft } from '@fleetwire/schemas';
import type { Producer, StreamLog, Streams } from '@fleetwire/streaming';
import { Intake } from '../tail/intake.js';

/** Records of one send. */
const SEND_RECORDS = 500;
const PROGRESS_EVERY_MS = 1_000;

export interface FanOutOptions {
  readonly streams: Streams;
  readonly codec: Codec;
  readonly producer: Producer;
  readonly log: StreamLog;
  readonly commands: readonly CommandDraft[];
  /** False: written and no more. */
  readonly wait: boolean;
  readonly timeoutMs: number;
  /** A terminal event. */
  readonly onEnd: (event: Readonly<Record<string, unknown>>) => void;
  readonly onProgress: (text: string) => void;
}

export interface FanOutSummary {
  readonly written: number;
  /** State, with its cause where it has one → how many ended so. */
  readonly ended: Readonly<Record<string, number>>;
  /** Without an end in time. */
  readonly open: number;
}

/** One ident a line; empty lines and what stands behind # do not count. A repeated one counts once. */
export function identsOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*$/, '').trim());
  return [...new Set(lines.filter((line) => line !== ''))];
}

/** Writes all, and waits for all ends when told to. Rejects with what Kafka threw. */
export async function fanOut(options: FanOutOptions): Promise<FanOutSummary> {
  const { commands, codec, streams, wait } = options;
  const open = new Set(commands.map(({ id }) => id));
  const ended: Record<string, number> = {};
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const intake = new Intake(codec, 'command-events', (event) => {
    if (event['terminal'] !== true || !open.delete(String(event['id']))) return true;
    const cause = typeof event['cause'] === 'string' ? ` (${event['cause']})` : '';
    const key = `${String(event['state'])}${cause}`;
    ended[key] = (ended[key] ?? 0) + 1;
    options.onEnd(event);
    if (open.size === 0) finish();
    return true;
  });
  const table = streams.table({
    topic: 'command-events',
    from: 'end',
    log: options.log,
    onRecord: (record) => void intake.push(record),
  });
  const progress = (): void => options.onProgress(`${commands.length - open.size} of ${commands.length} ended`);
  let timers: NodeJS.Timeout[] = [];
  try {
    if (wait) await table.start();
    for (let from = 0; from < commands.length; from += SEND_RECORDS)
      await options.producer.send(
        commands
          .slice(from, from + SEND_RECORDS)
          .map((command) => ({ topic: 'commands', key: command.ident, value: codec.encode('commands', command) })),
      );
    if (!wait) return { written: commands.length, ended, open: open.size };
    timers = [setInterval(progress, PROGRESS_EVERY_MS), setTimeout(finish, options.timeoutMs)];
    await finished;
    await intake.settled();
    progress();
    return { written: commands.length, ended, open: open.size };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    if (wait) await table.stop();
  }
}

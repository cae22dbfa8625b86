/** Follows one command's events to its end. */
import type { Codec } from '@fleetwire/schemas';
import type { StreamLog, Streams } from '@fleetwire/streaming';
import { Intake } from '../tail/intake.js';
import type { Terminal } from './parse.js';

export interface WatchOptions {
  readonly streams: Streams;
  readonly codec: Codec;
  readonly log: StreamLog;
  readonly ident: string;
  readonly id: string;
  /** Writes the command; called once the events are being read, so that none is missed. */
  readonly start: () => Promise<void>;
  readonly timeoutMs: number;
  readonly onEvent: (event: Readonly<Record<string, unknown>>) => void;
}

/** The terminal event; null: none came in time. Rejects with what Kafka or the registry threw. */
export async function watch(options: WatchOptions): Promise<Terminal | null> {
  const { streams, codec, id, ident } = options;
  let terminal: Terminal | null = null;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const intake = new Intake(codec, 'command-events', (event) => {
    if (event['id'] !== id || event['ident'] !== ident) return true;
    options.onEvent(event);
    if (event['terminal'] !== true) return true;
    const { state, cause } = event;
    terminal = { state: String(state), cause: typeof cause === 'string' ? cause : null };
    end();
    return false;
  });
  const table = streams.table({
    topic: 'command-events',
    from: 'end',
    log: options.log,
    onRecord: (record) => {
      if (!intake.push(record)) end();
    },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await table.start();
    await options.start();
    timer = setTimeout(end, options.timeoutMs);
    await ended;
    await intake.settled();
    return terminal;
  } finally {
    clearTimeout(timer);
    await table.stop();
  }
}

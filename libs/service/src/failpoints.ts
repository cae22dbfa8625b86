/**
 * Named places in the services where a fault can be made to happen at exactly that moment: random kills miss the narrow windows.
 * Off unless FLEETWIRE_FAILPOINTS is set, as `name=action[@n]`, comma-separated; the action is taken the n-th time the place is
 * passed (default 1). Actions: `exit` ends the process as kill -9 would, `stop` freezes it as SIGSTOP would, `error` throws.
 */

/** Every failpoint there is, with the window that it opens. */
export const FAILPOINTS = {
  'edge.committed': 'after the frame is committed, before its answer is written to the device',
  'edge.command_written': 'after `written` is committed, before the command is written to the socket',
  'decoder.decoded': 'after a batch is decoded, before anything of it is sent',
  'enricher.folded': 'after a batch is folded into the state, before its transaction',
  'dispatcher.committed': 'after the transaction that routed a command, before it is sent to the edge',
} as const;
export type Failpoint = keyof typeof FAILPOINTS;

type Action = 'exit' | 'stop' | 'error';
interface Armed {
  readonly action: Action;
  /** Passes until it happens. */
  left: number;
}

const armed = new Map<string, Armed>();

/** Arms what `FLEETWIRE_FAILPOINTS` says. Throws an Error that names what is not understood. */
export function armFailpoints(text: string | undefined): void {
  armed.clear();
  for (const part of (text ?? '').split(',').filter((p) => p.trim() !== '')) {
    const match = /^([a-z_.]+)=(exit|stop|error)(?:@([1-9][0-9]*))?$/.exec(part.trim());
    if (match === null || !(match[1]! in FAILPOINTS))
      throw new Error(
        `FLEETWIRE_FAILPOINTS: "${part}" is not NAME=exit|stop|error[@N] with one of ${Object.keys(FAILPOINTS).join(', ')}.`,
      );
    armed.set(match[1]!, { action: match[2] as Action, left: Number(match[3] ?? 1) });
  }
}

/** Marks the place. Costs a look at an empty map where nothing is armed. */
export function failpoint(name: Failpoint): void {
  if (armed.size === 0) return;
  const point = armed.get(name);
  if (point === undefined || --point.left !== 0) return;
  switch (point.action) {
    case 'exit':
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'stop':
      process.kill(process.pid, 'SIGSTOP');
      return;
    case 'error':
      throw new Error(`failpoint ${name}`);
  }
}

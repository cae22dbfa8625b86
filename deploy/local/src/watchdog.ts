import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * Ends the children when this process dies without doing it itself (SIGKILL, out of memory).
 *
 * A small shell of its own session reads a pipe that only this process can write: `add PID`, `drop PID`. The pipe ends when this
 * process does, however that came about; then each group that is left gets TERM (and CONT, should it be frozen) and after 5 s KILL: one after the
 * other, the newest first, so that a consumer can still say goodbye to its broker and the next start need not wait for its session to lapse.
 */
export const WATCHDOG_SCRIPT = `
pids=
while read -r op pid; do
  case $op in
    add) pids="$pids $pid" ;;
    drop) rest=; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done; pids=$rest ;;
  esac
done
back=
for p in $pids; do back="$p $back"; done
for p in $back; do
  kill -s TERM -- "-$p" 2>/dev/null || continue
  kill -s CONT -- "-$p" 2>/dev/null
  n=0
  while [ $n -lt 50 ] && kill -s 0 -- "-$p" 2>/dev/null; do n=$((n + 1)); sleep 0.1; done
  kill -s KILL -- "-$p" 2>/dev/null
done
`;

let dog: ChildProcess | null = null;

function watchdog(): ChildProcess {
  if (dog !== null && dog.exitCode === null && dog.signalCode === null) return dog;
  const child = spawn('/bin/sh', ['-c', WATCHDOG_SCRIPT, 'fleetwire-watchdog'], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // It must not keep this process alive; that is the whole point of it.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  child.stdin.on('error', () => undefined);
  child.on('error', () => undefined);
  dog = child;
  return child;
}

/** `pid` leads a process group of its own; the group ends with this process. */
export function guard(pid: number): void {
  watchdog().stdin?.write(`add ${pid}\n`);
}

/** `pid` has ended: its number may soon be somebody else's. */
export function unguard(pid: number): void {
  dog?.stdin?.write(`drop ${pid}\n`);
}

/** What a run has shown, for machines (snake_case, one object) and for people. */
import type { Progress, Result } from './run.js';

export interface RunFacts {
  readonly protocol: string;
  readonly transport: 'tcp' | 'udp';
  readonly devices: number;
  readonly rate: number;
  readonly seed: number;
}

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;

/** Latencies in ms, null when nothing was acknowledged. */
function latencyOf({ latency }: Progress): Record<'p50' | 'p95' | 'p99' | 'max', number | null> {
  const at = (share: number): number | null => {
    const ms = latency.quantile(share);
    return ms === null ? null : round(ms, 2);
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: latency.count === 0 ? null : round(latency.max, 2) };
}

/** The object that `--json` prints. */
export function summaryJson(facts: RunFacts, result: Result): Record<string, unknown> {
  const seconds = result.reportingMs / 1_000;
  const frames = result.sent + result.resent;
  return {
    ...facts,
    duration_s: round(seconds, 3),
    reports: result.readings,
    reports_acked: result.readingsConfirmed,
    reports_waiting: result.waiting,
    reports_dropped: result.dropped,
    sent: result.sent,
    acked: result.acked,
    resent: result.resent,
    refused: result.refused,
    stray_acks: result.strays,
    commands_answered: result.commandsAnswered,
    connects: result.connects,
    disconnects: result.disconnects,
    reports_per_s: seconds === 0 ? 0 : round(result.readings / seconds, 1),
    frames_per_s: seconds === 0 ? 0 : round(frames / seconds, 1),
    ack_ms: latencyOf(result),
    cpu_s: round(result.cpuSeconds, 3),
    cpu_s_per_1000_frames: frames === 0 ? null : round((result.cpuSeconds / frames) * 1_000, 4),
    last_error: result.lastError,
  };
}

/** The summary as lines. */
export function summaryText(facts: RunFacts, result: Result): string {
  const seconds = result.reportingMs / 1_000;
  const { p50, p95, p99, max } = latencyOf(result);
  const lines = [
    `${facts.devices} ${facts.protocol} devices over ${facts.transport}, ${seconds.toFixed(1)} s, seed ${facts.seed}`,
    `reports  ${result.readings} made, ${result.readingsConfirmed} acknowledged, ${result.waiting} waiting, ${result.dropped} dropped`,
    `frames   ${result.sent} sent, ${result.acked} acknowledged, ${result.resent} resent, ${(result.readings / seconds || 0).toFixed(0)} reports/s`,
    `ack      p50 ${ms(p50)}, p95 ${ms(p95)}, p99 ${ms(p99)}, max ${ms(max)}`,
    `links    ${result.connects} made, ${result.disconnects} lost; ${result.commandsAnswered} commands answered`,
  ];
  if (result.lastError !== null) lines.push(`last error ${result.lastError}`);
  return `${lines.join('\n')}\n`;
}

/** One line, for a terminal while the run goes on. */
export function progressLine(progress: Progress): string {
  const { p50, p95, p99 } = latencyOf(progress);
  const seconds = progress.elapsedMs / 1_000;
  return (
    `${seconds.toFixed(0)} s  links ${progress.connected}  reports ${progress.readings} (${(progress.readings / seconds).toFixed(0)}/s)  ` +
    `acked ${progress.readingsConfirmed}  waiting ${progress.waiting}  resent ${progress.resent}  ` +
    `ack p50 ${ms(p50)} p95 ${ms(p95)} p99 ${ms(p99)}`
  );
}

function ms(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(1)} ms`;
}

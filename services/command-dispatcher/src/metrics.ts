/** All metrics of the command dispatcher. */
import type { CommandEvent } from '@fleetwire/schemas';
import type { Metrics } from '@fleetwire/service';
import { CAUSES, TERMINAL_STATES } from './model.js';

export interface DispatcherMetrics {
  event(event: CommandEvent): void;
  /** An edge has written a command so many seconds after it was routed there. */
  written(seconds: number): void;
  repeated(): void;
  forwarded(): void;
  invalid(): void;
  unsolicited(): void;
}

const STATES = [
  'requested',
  'refused',
  'queued',
  'expired',
  'cancelled',
  'routed',
  'written',
  'acknowledged',
  'succeeded',
  'failed',
  'unconfirmed',
] as const;

const CAUSE_LABELS = [...CAUSES, 'none'] as const;
const causeOf = (cause: string | null): (typeof CAUSE_LABELS)[number] =>
  CAUSE_LABELS.find((known) => known === cause) ?? 'none';

export function dispatcherMetrics(metrics: Metrics): DispatcherMetrics {
  const events = metrics.counter({
    name: 'fleetwire_command_events_total',
    help: 'events of commands by the state reached',
    labels: { state: STATES },
  });
  const ends = metrics.counter({
    name: 'fleetwire_commands_ended_total',
    help: 'commands that ended, by how and why; cause none: nothing to say',
    labels: { state: STATES.filter((state) => TERMINAL_STATES.has(state)), cause: CAUSE_LABELS },
  });
  const delivery = metrics.histogram({
    name: 'fleetwire_command_delivery_seconds',
    help: 'time from routing a command to the connection of its device until the edge has written it',
    labels: {},
  });
  const dropped = metrics.counter({
    name: 'fleetwire_commands_not_taken_total',
    help: 'records of commands that made no command: repeats of an id, forwarded to their partition, not readable',
    labels: { reason: ['repeated', 'forwarded', 'invalid'] },
  });
  const unsolicited = metrics.counter({
    name: 'fleetwire_answers_unsolicited_total',
    help: 'answers of devices that belong to no command',
  });
  return {
    event(event) {
      events.of({ state: event.state }).inc();
      if (event.terminal) ends.of({ state: event.state, cause: causeOf(event.cause) }).inc();
    },
    // Clocks of two machines: a little less than nothing is nothing.
    written: (seconds) => delivery.of({}).observe(Math.max(0, seconds)),
    repeated: () => dropped.of({ reason: 'repeated' }).inc(),
    forwarded: () => dropped.of({ reason: 'forwarded' }).inc(),
    invalid: () => dropped.of({ reason: 'invalid' }).inc(),
    unsolicited: () => unsolicited.of({}).inc(),
  };
}

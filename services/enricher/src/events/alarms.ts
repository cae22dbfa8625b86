/** Events that devices find by themselves, and those of a device's input map. See the table in `alarm-table.ts`. */
import { PROTOCOLS, SECOND_US, type Entry } from '../log/entry.js';
import { eventOf, markOf, type EventBody, type Output } from '../fold/output.js';
import type { Level } from '../fold/state.js';
import type { Step } from '../fold/steps.js';
import type { World } from '../fold/world.js';
import { alarmOf, INPUT_BIT, type AlarmMode } from './alarm-table.js';

interface Named {
  readonly event: string;
  readonly parameter: string;
  readonly mode: AlarmMode;
}

export const alarms: Step = (state, entry, _facts, world, out) => {
  const { alarmsKnown: known, alarmsOn: on } = entry;
  const before = state.events.alarmsOn;
  // The usual report: nothing is on, and nothing was.
  if (on === 0 && (known & before) === 0) return state;
  let levels = state.events.alarms;
  for (let bit = 0; bit < 32; bit++) {
    const mask = (1 << bit) >>> 0;
    const isKnown = (known & mask) !== 0;
    const isOn = (on & mask) !== 0;
    if (!isOn && !isKnown) continue;
    const named = nameOf(bit, entry.protocol, world);
    const level = levels.find(({ code }) => code === bit);
    if (isOn && isKnown && (before & mask) !== 0) continue;
    if (isOn && named !== null) {
      const begun = { code: bit, start: markOf(state, entry), value: entry.protocol, revision: 0 };
      const lasts = isKnown && named.mode === 'level';
      out.push(alarmOutput(begun, named, lasts ? 'start' : 'point'));
      if (lasts) levels = [...levels.filter(({ code }) => code !== bit), begun];
    } else if (!isOn && level !== undefined) {
      if (named !== null) out.push(alarmEnd(level, named, entry));
      levels = levels.filter(({ code }) => code !== bit);
    }
  }
  const alarmsOn = ((before & ~known) | (on & known)) >>> 0;
  return { ...state, events: { ...state.events, alarmsOn, alarms: levels } };
};

/** Name, parameter and behaviour of a bit; null: it has none any more. */
function nameOf(bit: number, protocol: number, world: World): Named | null {
  if (bit < INPUT_BIT) return alarmOf(bit, PROTOCOLS[protocol] ?? '');
  const input = world.inputEvents[bit - INPUT_BIT];
  return input === undefined ? null : { ...input, mode: 'level' };
}

/** Its id says that the device found it: the fold may have found the same in the same report. */
const OPTIONS = { of: 'device' } as const;

const common = (level: Level, named: Named): Partial<EventBody> => ({
  source: 'device',
  parameter: named.parameter,
  // Of a level the value is the place of the protocol that began it.
  protocol: PROTOCOLS[level.value] || null,
});

function alarmOutput(level: Level, named: Named, phase: 'point' | 'start'): Output {
  const started = phase === 'start' ? { started_at: level.start.atUs } : {};
  return eventOf(named.event, level.start, { ...common(level, named), phase, ...started }, OPTIONS);
}

function alarmEnd(level: Level, named: Named, entry: Entry): Output {
  const more: Partial<EventBody> = {
    ...common(level, named),
    phase: 'end',
    started_at: level.start.atUs,
    ended_at: entry.timeUs,
    attributes: { duration_s: String((entry.timeUs - level.start.atUs) / SECOND_US) },
  };
  return eventOf(named.event, level.start, more, { ...OPTIONS, revision: 1 });
}

/** What was last said of a level that is on. */
export function levelOutput(level: Level, world: World): Output | null {
  const named = nameOf(level.code, level.value, world);
  return named === null ? null : alarmOutput(level, named, 'start');
}

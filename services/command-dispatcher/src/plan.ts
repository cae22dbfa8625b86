/** What the catalogue says of a command on its way: how often it is written, what is written, and what it sets. Pure. */
import {
  commandSpec,
  isLeaving,
  settingsOf,
  type Args,
  type CommandSpec,
  type ProtocolId,
  type SettingValue,
} from '@fleetwire/protocols';
import type { Command, CommandEvent, Setting } from '@fleetwire/schemas';
import type { Plan } from './machine.js';
import { argumentsOf } from './validate.js';

/** A read that follows a set waits that long for its device. */
const READ_EXPIRES_US = 600_000_000;

interface Known {
  readonly spec: CommandSpec;
  readonly args: Args;
}

function known(type: ProtocolId, command: Command): Known | null {
  const spec = commandSpec(type, command.name);
  const args = argumentsOf(command.arguments);
  return spec === null || args === null ? null : { spec, args };
}

/** `answerUs`: how long a device that is written to once has to answer. */
export function planOf(type: ProtocolId, command: Command, answerUs: number): Plan {
  const found = known(type, command);
  const leaves = found !== null && isLeaving(found.spec, found.args);
  const retry = command.delivery === 'at_least_once' && found?.spec.idempotent === true ? found.spec.retry : null;
  return { waitsUs: retry?.waitsS.map((s) => s * 1e6) ?? [answerUs], leaves };
}

export const isIdempotent = (type: ProtocolId, name: string): boolean => commandSpec(type, name)?.idempotent === true;

/** The command as its next write words it: `write` counts from 1. */
export function commandOfWrite(type: ProtocolId, command: Command, write: number): Command {
  const found = known(type, command);
  const changed = found?.spec.retry?.argumentsOf;
  if (found === null || changed === undefined || write <= 1) return command;
  return { ...command, arguments: JSON.stringify(changed(found.args, write)) };
}

/** What a command sets when its device does as told. */
export function settingsSetBy(type: ProtocolId, command: Command): readonly SettingValue[] {
  const found = known(type, command);
  return found === null ? [] : settingsOf(found.spec, found.args);
}

export function settingRecordOf(
  command: Command,
  { name, value }: SettingValue,
  side: Setting['side'],
  atUs: number,
): Setting {
  return {
    ident: command.ident,
    name,
    side,
    value: JSON.stringify(value ?? null),
    at: atUs,
    by: side === 'desired' ? command.requested_by : null,
    command_id: command.id,
    // The device said that it has done what carried this value.
    source: side === 'reported' ? 'confirmed' : null,
    source_offset: null,
    history: [],
    waiting: [],
    waiting_dropped: 0,
  };
}

/** The command that reads back what `command` has set; null: the type has none, and the confirmation has to do. */
export function readBackOf(type: ProtocolId, command: Command, end: CommandEvent): Command | null {
  const found = known(type, command);
  const read = found?.spec.setting?.read;
  if (found === null || read === undefined) return null;
  const names = settingsOf(found.spec, found.args).map(({ name }) => name);
  const args = found.spec.setting?.each === undefined ? read.args : { ids: names };
  return {
    ...command,
    id: `read-back:${command.id}`,
    name: read.name,
    arguments: JSON.stringify(args),
    expires_at: end.at + READ_EXPIRES_US,
    delivery: 'at_most_once',
    condition: null,
    confirm: false,
    cancel_of: null,
    requested_at: end.at,
    requested_by: 'dispatcher',
  };
}

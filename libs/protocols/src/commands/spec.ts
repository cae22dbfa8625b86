/** What is known of a command beside its wording: the row that each protocol keeps for each of its commands. */
import { argumentsOf, type ArgSchema, type ArgumentsSchema } from './schema.js';

export type Args = Readonly<Record<string, unknown>>;

/** How a command that is idempotent and asked for at least once is written again. */
export interface Retry {
  /** Seconds to wait for the answer of each write; their number is that of the writes. */
  readonly waitsS: readonly number[];
  /** Arguments of a later write; `write` counts from 1. Absent: the same. */
  readonly argumentsOf?: (args: Args, write: number) => Args;
}

/** The setting that a command changes. */
export interface SettingLink {
  /** Name of the setting; with `each`, of all its members. */
  readonly name: string;
  /** The argument that is the value. Absent: all arguments, as an object. */
  readonly argument?: string;
  /** Arguments that are no part of the value: passwords, consents. */
  readonly without?: readonly string[];
  /** The argument that numbers the setting: `report.101`. */
  readonly index?: string;
  /** The argument is an object, and each of its members is a setting of that name. */
  readonly each?: string;
  /** Arguments that `settings set` adds. */
  readonly fixed?: Args;
  /** The command whose answer says what the device has. Absent: what it confirmed counts. */
  readonly read?: { readonly name: string; readonly args: Args };
}

export interface CommandSpec {
  readonly name: string;
  /** One sentence for people. */
  readonly summary: string;
  readonly args: ArgumentsSchema;
  /** How the device usually answers: `response` names the command, `report` is a report, `none` is defined by nothing. */
  readonly answer: 'response' | 'report' | 'none';
  /** A second write does no harm and changes nothing. */
  readonly idempotent: boolean;
  /** Needs `confirm`: it can stop a vehicle, lose the device or erase data. A function where the arguments decide. */
  readonly dangerous: boolean | ((args: Args) => boolean);
  /** The device may leave the connection to carry it out: server, access point, restart. */
  readonly leaves: boolean | ((args: Args) => boolean);
  readonly retry: Retry | null;
  readonly setting: SettingLink | null;
}

type Options = Partial<Omit<CommandSpec, 'name' | 'summary' | 'args'>>;

/** A row; what is not said is the careful choice: not dangerous, answered, never written again. */
export function spec(
  name: string,
  summary: string,
  properties: Readonly<Record<string, ArgSchema>>,
  options: Options = {},
): CommandSpec {
  return {
    name,
    summary,
    args: argumentsOf(properties),
    answer: 'response',
    idempotent: false,
    dangerous: false,
    leaves: false,
    retry: null,
    setting: null,
    ...options,
  };
}

export const isDangerous = ({ dangerous }: CommandSpec, args: Args): boolean =>
  typeof dangerous === 'function' ? dangerous(args) : dangerous;
export const isLeaving = ({ leaves }: CommandSpec, args: Args): boolean =>
  typeof leaves === 'function' ? leaves(args) : leaves;

/** Expiry that users are offered, s: what is dangerous must not fire long after it was wanted. */
export const EXPIRES_DANGEROUS_S = 60;
export const EXPIRES_S = 600;
/** The longer one only where no arguments make it dangerous. */
export const expiresS = ({ dangerous }: CommandSpec): number => (dangerous === false ? EXPIRES_S : EXPIRES_DANGEROUS_S);

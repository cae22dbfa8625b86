/**
 * Kinds of environment variables. Each is a row of the table that documents it and the zod type that reads it.
 *
 * The text of a variable is read in one way only: an empty variable counts as not set, numbers are plain decimals, flags are
 * `true` or `false`, lists are separated by commas.
 */
import { z } from 'zod';

/** One environment variable: how it is read, and what its row in the README says. */
export interface Variable<T> {
  /** Name in the environment, `FLEETWIRE_HTTP_PORT`. */
  readonly name: string;
  readonly meaning: string;
  /** `ms`, `bytes`, `1/s` …; empty for what has none. */
  readonly unit: string;
  /** As it would be written in the environment; null: none, see `required`. */
  readonly default: string | null;
  readonly required: boolean;
  /** What a person should write instead of a bad or missing value. */
  readonly remedy: string;
  /** Never repeated in messages. */
  readonly secret: boolean;
  /** Reads the text; issues are worded so that "NAME <issue>" is a sentence. */
  readonly type: z.ZodType<T, string>;
}

/** What every kind of variable takes. */
export interface VariableOptions<D> {
  readonly meaning: string;
  /** Absent: the variable is required. */
  readonly default?: D;
  /** Overrides the kind's own remedy. */
  readonly remedy?: string;
  readonly unit?: string;
}
export interface NumberOptions extends VariableOptions<number> {
  readonly min: number;
  readonly max: number;
}

function variable<T, D>(
  name: string,
  options: VariableOptions<D>,
  kind: {
    readonly type: z.ZodType<T, string>;
    readonly write: (value: D) => string;
    readonly remedy: string;
    readonly secret?: boolean;
  },
): Variable<T> {
  return {
    name,
    meaning: options.meaning,
    unit: options.unit ?? '',
    default: options.default === undefined ? null : kind.write(options.default),
    required: options.default === undefined,
    remedy: options.remedy ?? kind.remedy,
    secret: kind.secret ?? false,
    type: kind.type,
  };
}

/** A zod type that reads text with `read`; a returned `{ problem }` becomes the issue. */
function reading<T>(
  read: (text: string) => { readonly value: T } | { readonly problem: string },
): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const result = read(text.trim());
    if ('value' in result) return result.value;
    context.addIssue({ code: 'custom', message: result.problem });
    return z.NEVER;
  });
}

/** Any text that is not empty. */
export function text(name: string, options: VariableOptions<string>): Variable<string> {
  return variable(name, options, {
    type: reading((value) => ({ value })),
    write: (value) => value,
    remedy: `Set ${name}.`,
  });
}

/** Text that must not show up in logs or messages. */
export function secret(name: string, options: VariableOptions<string>): Variable<string> {
  return variable(name, options, {
    type: reading((value) => ({ value })),
    write: (value) => value,
    remedy: `Set ${name}.`,
    secret: true,
  });
}

/** A whole number between `min` and `max`, both included. */
export function integer(name: string, options: NumberOptions): Variable<number> {
  const { min, max } = options;
  return variable(name, options, {
    type: reading((value) => {
      if (!/^-?\d+$/.test(value)) return { problem: `is not a whole number: "${value}"` };
      const number = Number(value);
      if (number < min || number > max) return { problem: `is ${value}, outside ${min} to ${max}` };
      return { value: number };
    }),
    write: String,
    remedy: `Give a whole number from ${min} to ${max}${options.unit === undefined ? '' : ` (${options.unit})`}.`,
  });
}

/** A number with an optional fraction between `min` and `max`, both included. */
export function decimal(name: string, options: NumberOptions): Variable<number> {
  const { min, max } = options;
  return variable(name, options, {
    type: reading((value) => {
      if (!/^-?\d+(\.\d+)?$/.test(value)) return { problem: `is not a number: "${value}"` };
      const number = Number(value);
      if (number < min || number > max) return { problem: `is ${value}, outside ${min} to ${max}` };
      return { value: number };
    }),
    write: String,
    remedy: `Give a number from ${min} to ${max}${options.unit === undefined ? '' : ` (${options.unit})`}.`,
  });
}

/** A TCP or UDP port; 0 lets the system choose. */
export function port(name: string, options: VariableOptions<number>): Variable<number> {
  return integer(name, {
    remedy: 'Give a port from 1 to 65535, or 0 to let the system choose one.',
    ...options,
    min: 0,
    max: 65_535,
  });
}

/** `true` or `false`. */
export function flag(name: string, options: VariableOptions<boolean>): Variable<boolean> {
  return variable(name, options, {
    type: reading((value) => {
      if (value === 'true' || value === 'false') return { value: value === 'true' };
      return { problem: `is neither true nor false: "${value}"` };
    }),
    write: String,
    remedy: 'Write true or false.',
  });
}

/** One of a few words. */
export function choice<const C extends string>(
  name: string,
  choices: readonly C[],
  options: VariableOptions<C>,
): Variable<C> {
  return variable(name, options, {
    type: reading((value) => {
      const found = choices.find((candidate) => candidate === value);
      return found === undefined ? { problem: `is "${value}", which is not one of its values` } : { value: found };
    }),
    write: (value) => value,
    remedy: `Choose one of ${choices.join(', ')}.`,
  });
}

/** Texts separated by commas; blanks around them do not count, empty ones are left out. At least `min` (0) must remain. */
export function list(
  name: string,
  options: VariableOptions<readonly string[]> & {
    readonly min?: number;
    /** Says what is wrong with one entry, or null. */
    readonly problemOf?: (entry: string) => string | null;
  },
): Variable<readonly string[]> {
  return variable(name, options, {
    type: reading((value) => {
      const entries = value.split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()]));
      if (entries.length < (options.min ?? 0)) return { problem: `names fewer than ${options.min ?? 0}` };
      for (const entry of entries) {
        const problem = options.problemOf?.(entry) ?? null;
        if (problem !== null) return { problem };
      }
      return { value: Object.freeze(entries) };
    }),
    write: (value) => value.join(','),
    remedy: 'Give a list separated by commas.',
  });
}

/** An http or https address. */
export function url(name: string, options: VariableOptions<string>): Variable<string> {
  return variable(name, options, {
    type: reading((value) => {
      if (!/^https?:\/\//.test(value) || !URL.canParse(value)) return { problem: `is no http address: "${value}"` };
      return { value: value.replace(/\/+$/, '') };
    }),
    write: (value) => value,
    remedy: `Give an address such as http://127.0.0.1:8081.`,
  });
}

/** The same variable, but null when it is not set. */
export function optional<T>(of: Variable<T>): Variable<T | null> {
  return { ...of, required: false, default: null };
}

/** What is wrong with `host:port`, or null. */
export function hostPortProblem(entry: string): string | null {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(entry);
  if (match === null) return `has an entry that is not host:port: "${entry}"`;
  const number = Number(match[2]);
  return number >= 1 && number <= 65_535 ? null : `has an entry whose port is outside 1 to 65535: "${entry}"`;
}

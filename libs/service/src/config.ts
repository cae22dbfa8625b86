/**
 * Environment to configuration: typed, frozen, all problems at once.
 *
 * A service describes its variables with `defineConfig` in its `config.ts`, exports `loadConfig(env)`, and calls it once. The same
 * description gives the table in its README (`table`, `variableTable`), so that a test can compare the two.
 */
import { z } from 'zod';
import type { Variable } from './variables.js';

/** Environment as `process.env` has it. */
export type Env = Readonly<Record<string, string | undefined>>;

/** One thing that is wrong with the environment. */
export interface ConfigProblem {
  readonly variable: string;
  /** What is wrong, as the rest of a sentence that begins with the variable. */
  readonly problem: string;
  readonly remedy: string;
}

/** The environment is not usable. The message lists every problem, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(service: string, problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ variable, problem, remedy }) => `  ${variable} ${problem}. ${remedy}`);
    super(
      `The configuration of ${service} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${lines.join('\n')}`,
    );
    this.problems = problems;
  }
}

/** Config key → variable. */
export type ConfigSpec = Readonly<Record<string, Variable<unknown>>>;
export type ConfigOf<S extends ConfigSpec> = {
  readonly [K in keyof S]: S[K] extends Variable<infer T> ? T : never;
};

/** One row of the table of variables. */
export interface VariableRow {
  readonly variable: string;
  /** `required`, `none`, or the default as it would be written. */
  readonly default: string;
  readonly unit: string;
  readonly meaning: string;
}

export interface ConfigDefinition<C> {
  /** Reads the environment. Throws ConfigError with all problems. */
  readonly load: (env: Env) => C;
  /** In the order of the description. */
  readonly table: readonly VariableRow[];
}

/**
 * Describes a service's configuration. `check` states the relations between variables ("a drain must end before …"); it runs only
 * when every variable is good on its own, and returns what is wrong.
 */
export function defineConfig<const S extends ConfigSpec>(
  service: string,
  spec: S,
  check?: (config: ConfigOf<S>) => readonly ConfigProblem[],
): ConfigDefinition<ConfigOf<S>> {
  const entries = Object.entries(spec);
  const byName = new Map(entries.map(([, variable]) => [variable.name, variable]));
  const shape = z.object(Object.fromEntries(entries.map(([, variable]) => [variable.name, typeOf(variable)])));

  function load(env: Env): ConfigOf<S> {
    const set = Object.fromEntries(
      Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
    );
    const parsed = shape.safeParse(set);
    if (!parsed.success) throw new ConfigError(service, problemsOf(parsed.error, byName));
    const config = Object.fromEntries(entries.map(([key, variable]) => [key, parsed.data[variable.name] ?? null]));
    // The shape was made from `spec`, entry by entry; the compiler cannot follow it through Object.fromEntries.
    const typed = Object.freeze(config) as ConfigOf<S>;
    const problems = check?.(typed) ?? [];
    if (problems.length > 0) throw new ConfigError(service, problems);
    return typed;
  }
  return { load, table: entries.map(([, variable]) => rowOf(variable)) };
}

function typeOf(variable: Variable<unknown>): z.ZodType {
  if (variable.default !== null) return variable.type.prefault(variable.default);
  return variable.required ? variable.type : variable.type.optional();
}

function problemsOf(error: z.ZodError, byName: ReadonlyMap<string, Variable<unknown>>): readonly ConfigProblem[] {
  return error.issues.map((issue) => {
    const name = String(issue.path[0]);
    const variable = byName.get(name);
    return {
      variable: name,
      problem: messageOf(issue, variable?.secret ?? false),
      remedy: variable?.remedy ?? '',
    };
  });
}

function messageOf(issue: z.core.$ZodIssue, secret: boolean): string {
  if (issue.code === 'custom') return secret ? 'is not usable' : issue.message;
  return 'is not set';
}

function rowOf(variable: Variable<unknown>): VariableRow {
  return {
    variable: variable.name,
    default: variable.default ?? (variable.required ? 'required' : 'none'),
    unit: variable.unit,
    meaning: variable.meaning,
  };
}

/** The table as Markdown lines: what a README contains between its header and the next blank line. */
export function variableTable(rows: readonly VariableRow[]): readonly string[] {
  return [
    '| variable | default | unit | meaning |',
    '|---|---|---|---|',
    ...rows.map((row) => `| \`${row.variable}\` | ${code(row.default)} | ${row.unit} | ${row.meaning} |`),
  ];
}

function code(value: string): string {
  return value === 'required' || value === 'none' ? value : `\`${value}\``;
}

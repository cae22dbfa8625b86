/**
 * Arguments of commands as JSON Schema, as far as commands need it, and the check of a value against it. The schemas are published
 * as they stand: any JSON Schema validator reads them.
 */

export interface IntegerSchema {
  readonly type: 'integer';
  readonly minimum: number;
  readonly maximum: number;
  readonly description?: string;
  readonly default?: number;
}
export interface StringSchema {
  readonly type: 'string';
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly description?: string;
}
export interface BooleanSchema {
  readonly type: 'boolean';
  readonly description?: string;
}
export interface EnumSchema {
  readonly enum: readonly (string | number | boolean)[];
  readonly description?: string;
  readonly default?: string | number | boolean;
}
export interface ArraySchema {
  readonly type: 'array';
  readonly items: ArgSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
}
/** An object whose members' names follow a pattern. */
export interface MapSchema {
  readonly type: 'object';
  readonly propertyNames: { readonly pattern: string };
  readonly additionalProperties: ArgSchema;
  readonly minProperties: number;
  readonly maxProperties: number;
  readonly description?: string;
}
export interface AnyOfSchema {
  readonly anyOf: readonly ArgSchema[];
  readonly description?: string;
}
export type ArgSchema =
  IntegerSchema | StringSchema | BooleanSchema | EnumSchema | ArraySchema | MapSchema | AnyOfSchema;

/** All arguments of a command: named, and no others. */
export interface ArgumentsSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, ArgSchema>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

/** What is wrong with a value. `field` is its dotted path from `args`. */
export interface ArgProblem {
  readonly field: string;
  readonly remedy: string;
}

/** Null: the arguments fit. Ranges and types are judged here; rules between arguments are the encoder's. */
export function problemOfArguments(
  schema: ArgumentsSchema,
  args: Readonly<Record<string, unknown>>,
): ArgProblem | null {
  const names = Object.keys(schema.properties);
  for (const name of Object.keys(args))
    if (!Object.hasOwn(schema.properties, name))
      return {
        field: `args.${name}`,
        remedy: names.length === 0 ? 'leave it out: there are no arguments' : `unknown; use ${names.join(', ')}`,
      };
  for (const name of schema.required)
    if (args[name] === undefined)
      return { field: `args.${name}`, remedy: `it is missing; ${remedyOf(schema.properties[name]!)}` };
  for (const [name, value] of Object.entries(args)) {
    const problem = problemOf(schema.properties[name]!, value, `args.${name}`);
    if (problem !== null) return problem;
  }
  return null;
}

function problemOf(schema: ArgSchema, value: unknown, field: string): ArgProblem | null {
  const wrong = { field, remedy: remedyOf(schema) };
  if ('anyOf' in schema) return schema.anyOf.some((one) => problemOf(one, value, field) === null) ? null : wrong;
  if ('enum' in schema) return schema.enum.some((one) => one === value) ? null : wrong;
  switch (schema.type) {
    case 'integer':
      return Number.isInteger(value) && (value as number) >= schema.minimum && (value as number) <= schema.maximum
        ? null
        : wrong;
    case 'boolean':
      return typeof value === 'boolean' ? null : wrong;
    case 'string':
      return typeof value === 'string' && fits(schema, value) ? null : wrong;
    case 'array':
      if (!Array.isArray(value) || value.length < (schema.minItems ?? 0)) return wrong;
      if (value.length > (schema.maxItems ?? Number.POSITIVE_INFINITY)) return wrong;
      return firstOf(value, (item, index) => problemOf(schema.items, item, `${field}[${index}]`));
    case 'object':
      return problemOfMap(schema, value, field, wrong);
  }
}

function fits({ minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern }: StringSchema, text: string): boolean {
  if (text.length < minLength || text.length > maxLength) return false;
  return pattern === undefined || patternOf(pattern).test(text);
}

function problemOfMap(schema: MapSchema, value: unknown, field: string, wrong: ArgProblem): ArgProblem | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong;
  const entries = Object.entries(value);
  if (entries.length < schema.minProperties || entries.length > schema.maxProperties) return wrong;
  const names = patternOf(schema.propertyNames.pattern);
  return firstOf(entries, ([name, item]) =>
    names.test(name)
      ? problemOf(schema.additionalProperties, item, `${field}.${name}`)
      : { field: `${field}.${name}`, remedy: `use names that match ${schema.propertyNames.pattern}` },
  );
}

function firstOf<T>(items: readonly T[], look: (item: T, index: number) => ArgProblem | null): ArgProblem | null {
  for (const [index, item] of items.entries()) {
    const problem = look(item, index);
    if (problem !== null) return problem;
  }
  return null;
}

const patterns = new Map<string, RegExp>();
function patternOf(text: string): RegExp {
  let pattern = patterns.get(text);
  if (pattern === undefined) patterns.set(text, (pattern = new RegExp(text)));
  return pattern;
}

/** What would do, for people. */
export function remedyOf(schema: ArgSchema): string {
  const note = schema.description === undefined ? '' : ` (${schema.description})`;
  return `use ${wanted(schema)}${note}`;
}

function wanted(schema: ArgSchema): string {
  if ('anyOf' in schema) return schema.anyOf.map(wanted).join(', or ');
  if ('enum' in schema) return `one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return `a whole number from ${schema.minimum} to ${schema.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'string': {
      const { minLength = 0, maxLength, pattern } = schema;
      const length = maxLength === undefined ? '' : ` of ${minLength} to ${maxLength} characters`;
      return `a text${length}${pattern === undefined ? '' : ` that matches ${pattern}`}`;
    }
    case 'array': {
      const { minItems = 0, maxItems } = schema;
      return `a list of ${minItems}${maxItems === undefined ? ' or more' : ` to ${maxItems}`}, each: ${wanted(schema.items)}`;
    }
    case 'object':
      return `an object of ${schema.minProperties} to ${schema.maxProperties} members`;
  }
}

export const int = (minimum: number, maximum: number, description?: string): IntegerSchema => ({
  type: 'integer',
  minimum,
  maximum,
  ...(description !== undefined && description !== '' && { description }),
});
export const bool = (description?: string): BooleanSchema => ({
  type: 'boolean',
  ...(description !== undefined && { description }),
});
export const text = (minLength: number, maxLength: number, pattern?: string, description?: string): StringSchema => ({
  type: 'string',
  minLength,
  maxLength,
  ...(pattern !== undefined && { pattern }),
  ...(description !== undefined && { description }),
});
export const oneOf = (...values: readonly (string | number | boolean)[]): EnumSchema => ({ enum: values });

/** One line of printable ASCII: no line end can smuggle a second command. */
export const PRINTABLE = '^[\\x20-\\x7e]*$';

/** Names ending in `?` are optional. */
export function argumentsOf(properties: Readonly<Record<string, ArgSchema>>): ArgumentsSchema {
  const entries = Object.entries(properties);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace(/\?$/, ''), schema])),
    required: entries.map(([name]) => name).filter((name) => !name.endsWith('?')),
    additionalProperties: false,
  };
}

/** Values as YAML and JSON give them, and reading of them without casts. */

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as an object; `{}` when it is none. */
export function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The value as a list; empty when it is none. */
export function listOf(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : [];
}

/** The objects of a list with their index; what is no object is left out. */
export function rowsOf(value: Json | undefined): readonly { readonly index: number; readonly row: JsonObject }[] {
  return listOf(value).flatMap((row, index) => (isObject(row) ? [{ index, row }] : []));
}

/** The value as a text; null when it is none. */
export function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** The value as a number; null when it is none. */
export function numberOf(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

/** Follows keys into objects and indexes into lists; undefined where the way ends. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (typeof step === 'number') here = listOf(here)[step];
    else here = objectOf(here)[step];
  }
  return here;
}

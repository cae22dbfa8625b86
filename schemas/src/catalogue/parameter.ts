/**
 * The parameter catalogue as a value: what `schemas/parameters/*.tsv` hold, one row a parameter.
 *
 * A name with an upper-case segment is a family: `ain.N` stands for `ain.1`, `ain.2` …, `can.data.frame.ID` for one parameter a
 * CAN id. The name of the family without that segment is what product pages list.
 */
import { PROTOCOLS } from '@fleetwire/protocols/ids';

export const PARAMETER_TYPES = ['number', 'string', 'boolean', 'array', 'any'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

/** Who fills a parameter: a protocol's decoder, or the pipeline around it (configuration, the socket, the server's clock). */
export const SOURCE_KINDS = [...PROTOCOLS, 'pipeline'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** Product pages whose lists this catalogue covers. */
export const SEEDS = ['astra', 'sinotrack', 'atrack'] as const;
export type Seed = (typeof SEEDS)[number];

/** Canonical units; a new one is a decision, since readers compare by it. */
export const UNITS = [
  ...['V', 'A', 'mAh', '%', 'km/h', 'm/s', 'm/s²', 'km', 'm', 'cm', '°C', 'K', 'deg', 's', 'h', 'g', 'g/m²', 'kg', 'N'],
  ...['bar', 'kPa', 'l', 'l/h', 'km/l', '10e-6 l/s', 'g/s', 'µg/l', 'rpm', 'dBm'],
] as const;
export type Unit = (typeof UNITS)[number];

/** The upper-case segments that families use, with what may stand there. */
export const FAMILY_SEGMENTS: Readonly<
  Record<string, { readonly pattern: string; readonly examples: readonly string[] }>
> = {
  /** A number from 1 (from 0 where the device counts so). */
  N: { pattern: '\\d+', examples: ['1', '2'] },
  /** A CAN identifier, eight hexadecimal digits. */
  ID: { pattern: '[0-9A-F]{8}', examples: ['18FEF100'] },
  /** A vendor's field code, or a number or label in hexadecimal, as the device sent it. */
  CODE: { pattern: '[0-9A-Za-z_.]+', examples: ['XS'] },
  /** A name that the user chose. */
  NAME: { pattern: '[^.]+', examples: ['cost_centre'] },
};

export interface Source {
  readonly kind: SourceKind;
  /** Which field, in the protocol document's own terms. */
  readonly field: string;
}

export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly unit: Unit | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Places of its hot fields in the Telemetry record, from 1, by dotted name (a family has one for each hot member). */
  readonly hot: ReadonlyMap<string, number>;
  /** Product pages that list it. */
  readonly seeds: readonly Seed[];
  readonly sources: readonly Source[];
  readonly meaning: string;
  /** Name of the file that it stands in, without the ending. */
  readonly group: string;
}

/** One hot field of the Telemetry record. */
export interface HotField {
  /** Dotted parameter name. */
  readonly name: string;
  /** Name in Avro and TypeScript. */
  readonly field: string;
  readonly type: 'number' | 'string' | 'boolean';
  readonly parameter: Parameter;
}

/** Avro and TypeScript name of a parameter. */
export const fieldOf = (name: string): string => name.replaceAll('.', '_');

const familySegmentOf = (name: string): string | undefined =>
  name.split('.').find((segment) => segment in FAMILY_SEGMENTS);

export const isFamily = (parameter: Parameter): boolean => familySegmentOf(parameter.name) !== undefined;

/** The name that product pages list: the family's without its number. */
export function plainName(parameter: Parameter): string {
  return parameter.name
    .split('.')
    .filter((segment) => !(segment in FAMILY_SEGMENTS))
    .join('.');
}

/** Members of a family as they appear on the wire; the name itself otherwise. */
export function examplesOf(parameter: Parameter): readonly string[] {
  const familySegment = familySegmentOf(parameter.name);
  if (familySegment === undefined) return [parameter.name];
  return FAMILY_SEGMENTS[familySegment]!.examples.map((example) =>
    parameter.name
      .split('.')
      .map((segment) => (segment in FAMILY_SEGMENTS ? example : segment))
      .join('.'),
  );
}

/** Matches every dotted name that the parameter stands for. */
export function patternOf(parameter: Parameter): RegExp {
  const segments = parameter.name.split('.').map((segment) => FAMILY_SEGMENTS[segment]?.pattern ?? segment);
  return new RegExp(`^${segments.join('\\.')}$`);
}

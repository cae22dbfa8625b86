/**
 * The commands of every device type. A type is what a device speaks: the same names as the protocols', because what can be said to
 * a device is what its protocol can word.
 */
import { PROTOCOLS, type Encoded, type ProtocolId } from '../protocol.js';
import { protocolOf } from '../registry.js';
import { problemOfArguments, type ArgProblem } from './schema.js';
import type { Args, CommandSpec } from './spec.js';

export type Catalogue = ReadonlyMap<string, CommandSpec>;

const mapOf = (specs: readonly CommandSpec[]): Catalogue => new Map(specs.map((one) => [one.name, one]));
const CATALOGUES: ReadonlyMap<ProtocolId, Catalogue> = new Map(
  PROTOCOLS.map((id) => [id, mapOf(protocolOf(id).commands)]),
);

export const catalogueOf = (type: ProtocolId): Catalogue => CATALOGUES.get(type)!;
export const commandSpec = (type: ProtocolId, name: string): CommandSpec | null => catalogueOf(type).get(name) ?? null;

/** Type names in messages and in `devices`: null when it is none of ours. */
export function deviceTypeOf(name: string | null | undefined): ProtocolId | null {
  return PROTOCOLS.find((one) => one === name) ?? null;
}

/** Twelve digits: an identity that every protocol can word. */
const ANY_IDENT = '100000000001';

/**
 * Words the command as an edge would, for a device that is not there: what the encoder refuses is known before the device is asked.
 * The bytes are of no use.
 */
export function tryEncode(type: ProtocolId, name: string, args: Args): Encoded {
  const protocol = protocolOf(type);
  return protocol.encode({ name, args }, protocol.open({ ident: ANY_IDENT, phone: ANY_IDENT }), { nowMs: 0 });
}

/** Null: the command is known to the type and its arguments will do. */
export function problemOfCommand(type: ProtocolId, name: string, args: Args): ArgProblem | null {
  const catalogue = catalogueOf(type);
  const spec = catalogue.get(name);
  if (spec === undefined)
    return { field: 'name', remedy: `${type} has no ${name}; use one of ${[...catalogue.keys()].join(', ')}` };
  const problem = problemOfArguments(spec.args, args);
  if (problem !== null) return problem;
  const encoded = tryEncode(type, name, args);
  if (encoded.kind === 'bytes') return null;
  return { field: encoded.field.startsWith('args.') ? encoded.field : `args.${encoded.field}`, remedy: encoded.remedy };
}

/** Every protocol, and which of them share a port. A new protocol is a folder, a line here and a corpus. */
import { astra } from './astra/index.js';
import { atrack } from './atrack/index.js';
import { h02 } from './h02/index.js';
import { jt808 } from './jt808/index.js';
import type { Family, Protocol, ProtocolId } from './protocol.js';

/** In the order in which the shared port asks them. */
export const FAMILIES: readonly Family[] = [
  { id: 'astra', protocols: [astra] },
  { id: 'sinotrack', protocols: [h02, jt808] },
  { id: 'atrack', protocols: [atrack] },
];

const BY_ID = new Map<ProtocolId, { readonly protocol: Protocol; readonly family: Family }>(
  FAMILIES.flatMap((family) => family.protocols.map((protocol) => [protocol.id, { protocol, family }] as const)),
);

export function protocolOf(id: ProtocolId): Protocol {
  return BY_ID.get(id)!.protocol;
}
export function familyOf(id: ProtocolId): Family {
  return BY_ID.get(id)!.family;
}

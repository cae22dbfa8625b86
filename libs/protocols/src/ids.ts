/** Who there is, without what they do: for a command line that must know the names before it loads a protocol. */
export { PROTOCOLS, type ProtocolId } from './protocol.js';
export { SIMULATED, type SimulatedId } from './fleet/idents.js';

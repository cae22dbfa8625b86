/** What connections share, and what they are made of. */
import type { Family, Transport } from '@fleetwire/protocols';
import type { Admission } from './admission.js';
import type { Clock } from './clock.js';
import type { DeadLetters } from './dead-letters.js';
import type { Explainer } from './explain.js';
import type { Flusher } from './flusher.js';
import type { ByteCounts, CloseReason, EdgeMetrics } from './metrics.js';
import type { Publisher } from './publisher.js';
import type { Sessions } from './sessions.js';

/** What a connection does to its socket. */
export interface Outlet {
  /** False: the socket is gone, or too full. */
  write(bytes: Uint8Array): boolean;
  /** Own bound reached, or below half of it again. */
  stopReading(): void;
  readAgain(): void;
  /** Nothing more will be written; what was written is sent first. */
  close(reason: CloseReason): void;
}

/** What all connections of a process share. */
export interface ConnectionDeps {
  readonly publisher: Publisher;
  readonly admission: Admission;
  readonly sessions: Sessions;
  readonly deadLetters: DeadLetters;
  readonly metrics: EdgeMetrics;
  readonly counts: Readonly<Record<Transport, ByteCounts>>;
  readonly explainer: Explainer;
  readonly flusher: Flusher;
  readonly clock: Clock;
  /** Something threw on a device's bytes: always a bug. */
  readonly onBug: (error: unknown, connection: ConnectionName) => void;
  readonly bootId: string;
  readonly badFramesMax: number;
  readonly pendingBytesMax: number;
  readonly udpReachableMs: number;
}

/** What logs say of a connection. */
export interface ConnectionName {
  readonly number: number;
  readonly listenerName: string;
  readonly protocolId: string | null;
}

export interface ConnectionOptions {
  readonly number: number;
  readonly listenerName: string;
  readonly families: readonly Family[];
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
}

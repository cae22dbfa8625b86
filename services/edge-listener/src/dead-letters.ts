/** Dead letters of bytes that were no good frame: limited in rate by address and reason; what is left out is counted and told by the next. */
import type { DeadLetter } from '@fleetwire/schemas';
import type { ProtocolId, RejectReason, Rejection, Transport } from '@fleetwire/protocols';
import { MinuteRates, RATE_KEYS_MAX } from './limits.js';

/** Of bytes that made no frame, at most so many are kept: noise has no end. */
export const NOISE_BYTES_MAX = 4_096;

/** Where the bytes came from. */
export interface Origin {
  readonly peer: string;
  readonly address: string;
  readonly transport: Transport;
  readonly listener: string;
  readonly connection: number;
}
/** What was bad. */
export interface BadBytes {
  readonly bytes: Uint8Array;
  readonly reason: RejectReason;
  readonly rejection: Rejection | null;
  readonly protocol: ProtocolId | null;
  readonly ident: string | null;
  readonly sequence: number;
}

export class DeadLetters {
  readonly #perMinute: number;
  readonly #bootId: string;
  readonly #rates = new MinuteRates();
  readonly #suppressed = new Map<string, number>();

  constructor(perMinute: number, bootId: string) {
    this.#perMinute = perMinute;
    this.#bootId = bootId;
  }

  /**
   * The dead letter to publish, or null: beyond the rate. `must`: the device gets an answer, so the bytes must be kept whatever
   * the rate (pressure bounds it then).
   */
  make(origin: Origin, bad: BadBytes, must: boolean, wallMs: number, monotonicMs: number): DeadLetter | null {
    const key = `${origin.address} ${bad.reason}`;
    const { events } = this.#rates.add(key, bad.bytes.length, monotonicMs);
    if (events > this.#perMinute && !must) {
      if (this.#suppressed.size >= RATE_KEYS_MAX) this.#suppressed.delete(this.#suppressed.keys().next().value ?? '');
      this.#suppressed.set(key, (this.#suppressed.get(key) ?? 0) + 1);
      return null;
    }
    const suppressed = this.#suppressed.get(key) ?? 0;
    this.#suppressed.delete(key);
    const kept = bad.protocol === null ? bad.bytes.subarray(0, NOISE_BYTES_MAX) : bad.bytes;
    return {
      reason: bad.reason,
      stage: 'edge-listener',
      at: wallMs * 1000,
      bytes: Buffer.from(kept),
      error: kept.length < bad.bytes.length ? `the first ${kept.length} of ${bad.bytes.length} bytes` : null,
      path: bad.rejection?.path ?? null,
      start: bad.rejection?.start ?? null,
      end: bad.rejection?.end ?? null,
      ident: bad.ident,
      peer: origin.peer,
      protocol: bad.protocol,
      transport: origin.transport,
      received_at: wallMs * 1000,
      edge: this.#bootId,
      listener: origin.listener,
      connection: origin.connection,
      sequence: bad.sequence,
      context: {},
      source_topic: null,
      source_partition: null,
      source_offset: null,
      headers: {},
      decoder_version: null,
      partitioner: null,
      suppressed,
    };
  }
}

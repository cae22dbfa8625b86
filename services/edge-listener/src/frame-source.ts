/** Where frames come from: what every RawFrame of a connection says alike. */
import type { FrameContext, ProtocolId } from '@fleetwire/protocols';
import type { RawFrame } from '@fleetwire/schemas';
import type { Origin } from './dead-letters.js';
import type { FrameHeaders } from './publisher.js';

export class FrameSource {
  readonly #origin: Origin;
  readonly #edge: string;
  /** One object for all frames of a protocol, frozen: it is put into bytes once. */
  headers: FrameHeaders;
  /** Number of the next frame. */
  sequence = 0;

  constructor(origin: Origin, edge: string) {
    this.#origin = origin;
    this.#edge = edge;
    this.headers = Object.freeze({ peer: origin.peer, protocol: 'unknown' });
  }

  speaks(protocol: ProtocolId): void {
    this.headers = Object.freeze({ peer: this.#origin.peer, protocol });
  }

  /** The next frame; takes its number. */
  next(ident: string, frame: Buffer, context: FrameContext, receivedAtUs: number): RawFrame {
    const { peer, transport, listener, connection } = this.#origin;
    return {
      ident,
      peer,
      protocol: this.headers.protocol,
      transport,
      frame,
      received_at: receivedAtUs,
      edge: this.#edge,
      listener,
      connection,
      sequence: this.sequence++,
      context,
    };
  }
}

/**
 * The devices that speak on one connection: usually one, behind a gateway many. Of each its last data frame, on which conditions are
 * judged, and by what a command names it.
 */
import type { Addressee, FrameContext, ProtocolId } from '@fleetwire/protocols';
import type { LastFrame } from './conditions.js';
import { LastFrameKeeper } from './last-frame.js';

interface Seat {
  readonly ident: string;
  readonly frames: LastFrameKeeper;
  /** Null: commands of its protocol name nobody. */
  addressee: Addressee | null;
}

export class Passengers {
  readonly #seats = new Map<string, Seat>();
  /** Who spoke last. */
  #current: Seat | null = null;

  get current(): string | null {
    return this.#current?.ident ?? null;
  }

  /** A frame of this device came; `addressee` is asked for only where it may be needed. */
  speaks(ident: string, addressee: () => Addressee | null): void {
    if (this.#current?.ident === ident && this.#seats.size === 1) return;
    let seat = this.#seats.get(ident);
    if (seat === undefined) this.#seats.set(ident, (seat = { ident, frames: new LastFrameKeeper(), addressee: null }));
    seat.addressee = addressee();
    this.#current = seat;
  }

  leaves(ident: string): void {
    this.#seats.delete(ident);
    if (this.#current?.ident === ident) this.#current = null;
  }

  /** Of the device that spoke last. */
  keep(protocol: ProtocolId, frame: Uint8Array, context: FrameContext, receivedAtUs: number): void {
    this.#current?.frames.keep(protocol, this.#current.ident, frame, context, receivedAtUs);
  }

  lastFrame(ident: string): LastFrame | null {
    return this.#seats.get(ident)?.frames.get() ?? null;
  }

  /** How a command reaches the device: `current` as the connection stands, else by its own name; null: it can not be told who would get it. */
  way(ident: string): 'current' | Addressee | null {
    if (this.#current?.ident === ident) return 'current';
    return this.#seats.get(ident)?.addressee ?? null;
  }
}

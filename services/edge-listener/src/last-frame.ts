import type { FrameContext, ProtocolId } from '@fleetwire/protocols';
import type { LastFrame } from './conditions.js';

/** Room is taken in steps, so that frames of slightly different lengths share it. */
const STEP_BYTES = 256;

/** The last data frame of a connection, in memory of its own that is used again: a view would keep a whole read buffer alive. */
export class LastFrameKeeper {
  #room = new Uint8Array(0);
  #length = 0;
  #about: Omit<LastFrame, 'frame'> | null = null;

  keep(protocol: ProtocolId, ident: string, frame: Uint8Array, context: FrameContext, receivedAtUs: number): void {
    if (frame.length > this.#room.length)
      this.#room = new Uint8Array(Math.ceil(frame.length / STEP_BYTES) * STEP_BYTES);
    this.#room.set(frame);
    this.#length = frame.length;
    this.#about = { protocol, ident, context, receivedAtUs };
  }

  /** A copy: decoding may keep views of it. */
  get(): LastFrame | null {
    return this.#about === null ? null : { ...this.#about, frame: this.#room.slice(0, this.#length) };
  }
}

/**
 * The devices of a partition as the state topic holds them: bytes. A device is unpacked for the batch that speaks of it and packed
 * again at its end, so memory is that of the records and not of objects, and a restore only copies.
 *
 *   head   the device's own record
 *   part   place of the next part (f64), name of this one (its length, ASCII), payload: a chain
 */
import { readGlance, readState, writeState, type DeviceState, type Glance } from '../device-state.js';
import type { Part } from '../log/log-changes.js';
import { ReportLog } from '../log/report-log.js';
import { Arena } from './arena.js';
import { Reader, Writer } from './bytes.js';

/** Places in the arena; 0: there is none. */
interface Places {
  head: number;
  parts: number;
}

/** What a batch made of a device, as records of the state topic. */
export interface DeviceRecords {
  /** Valid until the next device is packed. */
  readonly head: Buffer;
  readonly written: readonly Part[];
  readonly dropped: readonly string[];
}

const NEXT_BYTES = 8;

export class PackedDevices {
  readonly #arena = new Arena();
  readonly #places = new Map<string, Places>();
  readonly #out = new Writer();
  readonly #in = new Reader();

  /** A record of the state topic; null: a tombstone, or a layout that is not read any more. */
  restore(ident: string, part: string, payload: Buffer | null): void {
    let places = this.#places.get(ident);
    if (places === undefined) {
      if (payload === null) return;
      this.#places.set(ident, (places = { head: 0, parts: 0 }));
    }
    if (part !== '') this.#setPart(places, part, payload);
    else if (payload !== null) this.#setHead(places, payload, 0, payload.length);
    else if (places.head !== 0) {
      this.#arena.free(places.head);
      places.head = 0;
    }
  }

  /** All is restored: parts without a device are forgotten. */
  restored(): void {
    for (const [ident, places] of this.#places) {
      if (places.head !== 0) continue;
      for (let part = places.parts; part !== 0;) {
        const next = this.#nextOf(part);
        this.#arena.free(part);
        part = next;
      }
      this.#places.delete(ident);
    }
  }

  get size(): number {
    return this.#places.size;
  }

  /** Bytes of memory that the devices take, besides their names. */
  get bytes(): number {
    return this.#arena.bytes;
  }

  /** What the state topic holds of a device. The device's own record is the part without a name. */
  recordsOf(ident: string): readonly Part[] {
    const places = this.#places.get(ident);
    if (places === undefined) return [];
    const start = this.#arena.startOf(places.head);
    const head = this.#arena.bytesOf(places.head).subarray(start, start + this.#arena.lengthOf(places.head));
    return [{ part: '', payload: Buffer.from(head) }, ...this.#partsOf(places)];
  }

  idents(): IterableIterator<string> {
    return this.#places.keys();
  }

  /** What timers ask; null: there is no such device. */
  glance(ident: string): Glance | null {
    const places = this.#places.get(ident);
    if (places === undefined) return null;
    return readGlance(this.#in.over(this.#arena.bytesOf(places.head), this.#arena.startOf(places.head)));
  }

  /** The device; null: there is none. It holds views of what is packed: pack it before others are. */
  unpack(ident: string): DeviceState | null {
    const places = this.#places.get(ident);
    if (places === undefined) return null;
    const start = this.#arena.startOf(places.head);
    const from = this.#in.over(this.#arena.bytesOf(places.head), start);
    const log = new ReportLog(places.parts === 0 ? null : () => this.#partsOf(places));
    return readState(from, start + this.#arena.lengthOf(places.head), log);
  }

  pack(ident: string, state: DeviceState): DeviceRecords {
    let places = this.#places.get(ident);
    if (places === undefined) this.#places.set(ident, (places = { head: 0, parts: 0 }));
    const out = this.#out;
    out.rewind();
    writeState(out, state);
    this.#setHead(places, out.bytes, 0, out.at);
    const { written, dropped } = state.log.takeChanges();
    for (const { part, payload } of written) this.#setPart(places, part, payload);
    for (const part of dropped) this.#setPart(places, part, null);
    return { head: out.bytes.subarray(0, out.at), written, dropped };
  }

  #setHead(places: Places, source: Buffer, from: number, to: number): void {
    places.head =
      places.head === 0 ? this.#arena.put(source, from, to) : this.#arena.replace(places.head, source, from, to);
  }

  #setPart(places: Places, name: string, payload: Buffer | null): void {
    this.#unlink(places, name);
    if (payload === null) return;
    const bytes = Buffer.allocUnsafe(NEXT_BYTES + 1 + name.length + payload.length);
    bytes.writeDoubleBE(places.parts, 0);
    bytes[NEXT_BYTES] = name.length;
    bytes.write(name, NEXT_BYTES + 1, 'latin1');
    payload.copy(bytes, NEXT_BYTES + 1 + name.length);
    places.parts = this.#arena.put(bytes, 0, bytes.length);
  }

  /** Takes a part out of the chain, if it is there. */
  #unlink(places: Places, name: string): void {
    let before = 0;
    for (let part = places.parts; part !== 0; part = this.#nextOf(part)) {
      if (this.#nameOf(part) !== name) {
        before = part;
        continue;
      }
      const next = this.#nextOf(part);
      if (before === 0) places.parts = next;
      else this.#arena.bytesOf(before).writeDoubleBE(next, this.#arena.startOf(before));
      this.#arena.free(part);
      return;
    }
  }

  #nextOf(part: number): number {
    return this.#arena.bytesOf(part).readDoubleBE(this.#arena.startOf(part));
  }

  #nameOf(part: number): string {
    const at = this.#arena.startOf(part) + NEXT_BYTES;
    const bytes = this.#arena.bytesOf(part);
    return bytes.toString('latin1', at + 1, at + 1 + bytes[at]!);
  }

  /** Copies: the log may write its parts anew while it reads them. */
  *#partsOf(places: Places): Generator<Part> {
    for (let part = places.parts; part !== 0; part = this.#nextOf(part)) {
      const name = this.#nameOf(part);
      const bytes = this.#arena.bytesOf(part);
      const start = this.#arena.startOf(part);
      const from = start + NEXT_BYTES + 1 + name.length;
      yield { part: name, payload: Buffer.from(bytes.subarray(from, start + this.#arena.lengthOf(part))) };
    }
  }
}

/**
 * A tracker that speaks JT/T 808 (2013 or 2019): registers once, authenticates on each connection, then reports. What was made without
 * a link, or was not acknowledged, goes as a batch of stored locations. Acknowledgements name the serial of the frame.
 */
import { FLAG, Message } from '../jt808/message.js';
import {
  encodeAnswer,
  encodeAuthentication,
  encodeBatch,
  encodeLocation,
  encodeMessage,
  encodeRegistration,
  locationBody,
  type Jt808Device as Phone,
  type Jt808Location,
} from '../jt808/simulate.js';
import { latin1, u16, u32 } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import type { Stored } from './outbox.js';
import type { Dialect, Heard, Worded } from './tracker.js';

export interface Jt808DeviceOptions {
  /** Digits of the header's phone field, without leading zeros. */
  readonly ident: string;
  readonly edition: 2013 | 2019;
}

const TIMEOUT_MS = 10_000;
const WINDOW = 8;
const BATCH_READINGS = 15;
/** A server's message is far shorter; a longer run of bytes without a flag is dropped. */
const FRAME_BYTES_MAX = 4_096;
const FIRMWARE = '2.1.0';

const ACC = 1;
const FIX = 1 << 1;
const GPS = 1 << 18;
const ITEM_MILEAGE = 0x01;
const ITEM_CSQ = 0x30;
const ITEM_SATELLITES = 0x31;
const RESULT_OK = 0;
const RESULT_UNSUPPORTED = 3;
const RESULT_ALARM_HANDLED = 4;
/** Parameters that it has at the start: heartbeat and report interval, s. */
const PARAMETERS: readonly (readonly [id: number, value: number])[] = [
  [0x0001, 60],
  [0x0029, 30],
];
/** Commands that it carries out and answers with a general response. */
const CARRIED_OUT: ReadonlySet<number> = new Set([0x8103, 0x8105, 0x8202, 0x8203, 0x8204, 0x8300]);

export class Jt808Device implements Dialect {
  readonly protocol = 'jt808';
  readonly window = WINDOW;
  readonly timeoutMs = TIMEOUT_MS;
  readonly repeatsOnLink = true;
  readonly readingsPerFrameMax = BATCH_READINGS;
  readonly #phone: Phone;
  readonly #options: Jt808DeviceOptions;
  readonly #message = new Message();
  readonly #parameters = new Map(PARAMETERS);
  #serial = 0;
  #code: string | null = null;
  #authenticated = false;
  /** An unfinished frame, from its flag on. */
  #frame: number[] = [];

  constructor(options: Jt808DeviceOptions) {
    this.#options = options;
    this.#phone = { phone: options.ident, edition: options.edition };
  }

  get ready(): boolean {
    return this.#authenticated;
  }

  open(): void {
    this.#frame = [];
    this.#authenticated = false;
  }

  /** Registers, or authenticates with the code that an earlier registration gave. */
  hello(): readonly Uint8Array[] {
    if (this.#code !== null) return [this.#authentication(this.#code)];
    const { ident } = this.#options;
    return [
      encodeRegistration(this.#phone, this.#next(), {
        province: 44,
        city: 300,
        manufacturer: 'ST901',
        model: 'ST-901A+',
        terminal: ident.slice(-7),
        plateColour: 1,
        plate: `B${ident.slice(-5)}`,
      }),
    ];
  }

  /** A single live reading is a location; everything else is a batch, as stored when any of it is. */
  word(readings: readonly Stored[]): Worded {
    const serial = this.#next();
    const locations = readings.map((stored) => this.#location(stored));
    const backfill = readings.some((stored) => stored.buffered);
    const bytes =
      locations.length === 1 && !backfill
        ? encodeLocation(this.#phone, serial, locations[0]!)
        : encodeBatch(this.#phone, serial, locations, backfill);
    return { bytes, key: serial };
  }

  hear(bytes: Uint8Array): readonly Heard[] {
    const heard: Heard[] = [];
    for (const byte of bytes) {
      if (byte !== FLAG) {
        if (this.#frame.length === 0) heard.push({ kind: 'stray' });
        else this.#frame.push(byte);
        if (this.#frame.length > FRAME_BYTES_MAX) this.#frame = [];
      } else if (this.#frame.length <= 1) this.#frame = [FLAG];
      else {
        const frame = Uint8Array.from([...this.#frame, FLAG]);
        this.#frame = [];
        heard.push(this.#message.read(frame) === null ? this.#understand() : { kind: 'stray' });
      }
    }
    return heard;
  }

  #understand(): Heard {
    const { id, serial, bytes, bodyFrom, bodyTo } = this.#message;
    const body = bytes.slice(bodyFrom, bodyTo);
    switch (id) {
      case 0x8001:
        return body.length >= 5 ? this.#confirmed(u16(body, 0), u16(body, 2), body[4]!) : { kind: 'stray' };
      case 0x8100:
        return this.#registered(body);
      case 0x8104:
        return this.#write(encodeMessage(this.#phone, 0x0104, this.#next(), this.#parameterBody(serial, null)));
      case 0x8106:
        return this.#write(encodeMessage(this.#phone, 0x0104, this.#next(), this.#parameterBody(serial, idsOf(body))));
      case 0x8201:
        return {
          kind: 'demand',
          answer: (stored) =>
            encodeMessage(
              this.#phone,
              0x0201,
              this.#next(),
              new Writer()
                .u16(serial)
                .bytes(locationBody(this.#location(stored)))
                .done(),
            ),
        };
      default:
        if (id === 0x8103) this.#set(body);
        return this.#write(
          encodeAnswer(this.#phone, this.#next(), serial, id, CARRIED_OUT.has(id) ? RESULT_OK : RESULT_UNSUPPORTED),
        );
    }
  }

  #confirmed(serial: number, id: number, result: number): Heard {
    const good = result === RESULT_OK || result === RESULT_ALARM_HANDLED;
    if (id === 0x0200 || id === 0x0704) return good ? { kind: 'ack', key: serial } : { kind: 'refused' };
    if (id !== 0x0102) return { kind: 'stray' };
    this.#authenticated = good;
    // A code that is refused belongs to another server: register anew at the next greeting.
    if (!good) this.#code = null;
    return good ? { kind: 'ready' } : { kind: 'refused' };
  }

  #registered(body: Uint8Array): Heard {
    if (body.length < 3 || body[2] !== RESULT_OK) return { kind: 'refused' };
    this.#code = latin1(body, 3, body.length);
    return { kind: 'write', bytes: this.#authentication(this.#code), answersCommand: false };
  }

  #authentication(code: string): Uint8Array {
    return encodeAuthentication(this.#phone, this.#next(), code, this.#options.ident, FIRMWARE);
  }

  #write(bytes: Uint8Array): Heard {
    return { kind: 'write', bytes, answersCommand: true };
  }

  /** Keeps the whole-number parameters; texts are confirmed and not kept. */
  #set(body: Uint8Array): void {
    for (let at = 1; at + 5 <= body.length; at += 5 + body[at + 4]!)
      if (body[at + 4] === 4 && at + 9 <= body.length) this.#parameters.set(u32(body, at), u32(body, at + 5));
  }

  #parameterBody(replySerial: number, ids: readonly number[] | null): Uint8Array {
    const known = [...this.#parameters].filter(([id]) => ids === null || ids.includes(id));
    const body = new Writer().u16(replySerial).u8(known.length);
    for (const [id, value] of known) body.u32(id).u8(4).u32(value);
    return body.done();
  }

  #next(): number {
    const serial = this.#serial;
    this.#serial = (serial + 1) & 0xffff;
    return serial;
  }

  #location({ reading }: Stored): Jt808Location {
    const status = (reading.ignition ? ACC : 0) | (reading.valid ? FIX | GPS : 0);
    return {
      timeMs: reading.timeMs,
      alarm: 0,
      status,
      latitude: reading.latitude,
      longitude: reading.longitude,
      altitude: reading.altitude,
      speed: reading.speed,
      direction: Math.floor(reading.direction),
      items: [
        [ITEM_MILEAGE, new Writer(4).u32(Math.round(reading.odometer * 10)).done()],
        [ITEM_CSQ, Uint8Array.of(Math.round((reading.signalLevel * 31) / 100))],
        [ITEM_SATELLITES, Uint8Array.of(reading.satellites)],
      ],
    };
  }
}

/** Parameter ids of 0x8106: their count, then each as u32. */
function idsOf(body: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 1; at + 4 <= body.length; at += 4) ids.push(u32(body, at));
  return ids;
}

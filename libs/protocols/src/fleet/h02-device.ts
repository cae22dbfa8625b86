/**
 * A Sinotrack tracker that speaks H02: text (V6 after power-on, then V1) or 45-byte `$` records. Its acknowledgement `R12` names no
 * frame, so the oldest is meant; after a time-out the device dials again (TCP) or repeats (UDP, one frame at a time).
 */
import { encodeConfirmation, encodeRecord45, encodeText, type H02Cell, type H02Fix } from '../h02/simulate.js';
import type { Transport } from '../protocol.js';
import { TextCutter } from './downlink.js';
import type { Reading } from './drive.js';
import type { Stored } from './outbox.js';
import type { Dialect, Heard, Worded } from './tracker.js';

export interface H02DeviceOptions {
  /** 10 digits. */
  readonly ident: string;
  readonly transport: Transport;
  readonly form: 'text' | 'binary';
}

const STAR = 0x2a;
const HASH = 0x23;
const VENDOR = 'HQ';
/** Above the age at which a server stops to acknowledge (30 s), so that a late one never confirms a later frame. */
const TIMEOUT_MS = 35_000;
const WINDOW_TCP = 8;
const KM_PER_KNOT_HOUR = 1.852;
const CELL: H02Cell = { mcc: 460, mnc: 0, lac: 10342, cellid: 4283 };
const ICCID = '8996002235202820115F';

/** Status word, active low: idle has every bit set. */
const BIT_IGNITION = 1 << 10;
const BIT_STORED = 1 << 26;
const BIT_CUT = 1 << 27;

/** What the device repeats behind the command's name in its confirmation; null: it does not know the command. */
type Confirm = (params: readonly string[], reading: Reading) => readonly string[];
const CONFIRM: Readonly<Record<string, Confirm>> = {
  S17: () => [],
  SCF: () => [],
  D1: (params) => params,
  S14: (params) => params,
  S23: (params) => params,
  S24: (params) => params,
  S71: (params) => params.slice(0, 1),
  S20: () => ['OK'],
  // Odometer in units of one knot-second, as the protocol has it.
  S32: (_, { odometer }) => [((odometer / KM_PER_KNOT_HOUR) * 3_600).toFixed(2).padStart(13, '0')],
};

export class H02Device implements Dialect {
  readonly protocol = 'h02';
  readonly window: number;
  readonly timeoutMs = TIMEOUT_MS;
  readonly repeatsOnLink: boolean;
  readonly readingsPerFrameMax = 1;
  readonly ready = true;
  readonly #options: H02DeviceOptions;
  readonly #texts = new TextCutter(
    (byte) => byte === STAR,
    (byte) => byte === HASH,
  );
  #cut = false;

  constructor(options: H02DeviceOptions) {
    this.#options = options;
    this.window = options.transport === 'tcp' ? WINDOW_TCP : 1;
    this.repeatsOnLink = options.transport === 'udp';
  }

  open(): void {
    this.#texts.reset();
  }

  /** There is no login. */
  hello(): readonly Uint8Array[] {
    return [];
  }

  word(readings: readonly Stored[]): Worded {
    const stored = readings[0]!;
    return { bytes: this.#frame(stored), key: stored.sequence };
  }

  hear(bytes: Uint8Array): readonly Heard[] {
    const heard: Heard[] = [];
    this.#texts.push(
      bytes,
      (text) => {
        const what = this.#understand(text.slice(1).split(','));
        if (what !== null) heard.push(what);
      },
      () => heard.push({ kind: 'stray' }),
    );
    return heard;
  }

  /** Null: for another device, or nothing to do. */
  #understand([vendor, ident, type = '', hhmmss = '', ...params]: readonly string[]): Heard | null {
    if (vendor !== VENDOR || ident !== this.#options.ident) return null;
    if (type === 'R12' || type === 'V4') return { kind: 'ack', key: null };
    const confirm = Object.hasOwn(CONFIRM, type) ? CONFIRM[type]! : null;
    if (confirm === null) return null;
    if (type === 'S20') this.#cut = params[0] === '1' && params[1] === '1';
    return {
      kind: 'demand',
      answer: (stored) =>
        encodeConfirmation(type, confirm(params, stored.reading), hhmmss, { ...this.#fix(stored), cell: CELL }),
    };
  }

  #frame(stored: Stored): Uint8Array {
    const fix = this.#fix(stored);
    if (this.#options.form === 'text') {
      // The type is part of what the report is: it stays when the report is sent again.
      if (stored.sequence === 0) return encodeText('V6', { ...fix, cell: CELL, tail: ICCID });
      return encodeText('V1', { ...fix, cell: CELL, tail: String(Math.max(7, stored.reading.batteryLevel)) });
    }
    const { reading, sequence } = stored;
    return encodeRecord45({
      ...fix,
      sequence: sequence & 0xff,
      csq: Math.round((reading.signalLevel * 31) / 100),
      satellites: reading.satellites,
      mileage: Math.floor(reading.odometer),
      cell: CELL,
    });
  }

  #fix({ reading, buffered }: Stored): H02Fix {
    const present = (reading.ignition ? 0 : BIT_IGNITION) | (buffered ? BIT_STORED : 0) | (this.#cut ? BIT_CUT : 0);
    return {
      ident: this.#options.ident,
      timeMs: reading.timeMs,
      valid: reading.valid,
      latitude: reading.latitude,
      longitude: reading.longitude,
      knots: reading.speed / KM_PER_KNOT_HOUR,
      course: Math.floor(reading.direction),
      status: ~present >>> 0,
    };
  }
}

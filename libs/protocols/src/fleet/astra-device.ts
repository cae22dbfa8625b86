/**
 * An Astra tracker (AT402, protocol X): logs in with a text line on TCP in session mode 6, or carries its IMEI in every packet (mode 4
 * on TCP, 5 on UDP). Waits for the one-byte acknowledgement before it sends the next packet; what gathers meanwhile travels together.
 */
import { encodeLogin, encodeXPacket, type AstraReport } from '../astra/simulate.js';
import { STATUS_IGNITION, STATUS_IMMOBILISED, STATUS_MORE, STATUS_NO_FIX, STATUS_STORED } from '../astra/reasons.js';
import type { Transport } from '../protocol.js';
import { latin1Bytes } from '../wire/writer.js';
import { CR, LF, TextCutter } from './downlink.js';
import type { ReadingCause } from './drive.js';
import type { Stored } from './outbox.js';
import type { Dialect, Heard, Worded } from './tracker.js';

export interface AstraDeviceOptions {
  /** 15 digits. */
  readonly ident: string;
  readonly transport: Transport;
  /** Session mode 6: a login line first. UDP has no login. */
  readonly login: boolean;
}

const ACKNOWLEDGE = 0x06;
const DOLLAR = 0x24;
const FIRMWARE = '7.0.70.3';
/** As set with `$TCPT`; above the age at which a server stops to acknowledge (15 s), so that a late one never confirms a later packet. */
const TIMEOUT_MS = 20_000;
const READINGS_PER_PACKET = 12;

const REASON_OF: Readonly<Record<ReadingCause, string>> = {
  interval: 'timed_interval',
  demand: 'position_on_demand',
  journey_start: 'journey_start',
  journey_stop: 'journey_stop',
  heading_change: 'heading_change',
  idling_start: 'idling_start',
};
/** Settings and actions that a device confirms with OK, with the number of arguments that it wants at least. */
const SETTINGS: Readonly<Record<string, number>> = {
  APAD: 1,
  APPW: 1,
  APUN: 1,
  SDIG: 2,
  IMOB: 1,
  IPAD: 1,
  PORT: 1,
  JSEC: 1,
  DIST: 1,
  MODE: 1,
  PROT: 1,
  TCPT: 1,
  HEAD: 1,
  STIM: 1,
  JTIM: 1,
};

export class AstraDevice implements Dialect {
  readonly protocol = 'astra';
  /** `$TCPT` is set: one packet is out at a time. */
  readonly window = 1;
  readonly timeoutMs = TIMEOUT_MS;
  /** As the vendor has it: the server does not acknowledge after the device's time-out. */
  readonly repeatsOnLink = true;
  readonly readingsPerFrameMax = READINGS_PER_PACKET;
  readonly #options: AstraDeviceOptions;
  readonly #lines = new TextCutter(
    (byte) => byte === DOLLAR,
    (byte) => byte === CR || byte === LF,
  );
  readonly #usesLogin: boolean;
  #ready: boolean;
  #immobilised = false;

  constructor(options: AstraDeviceOptions) {
    this.#options = options;
    this.#usesLogin = options.login && options.transport === 'tcp';
    this.#ready = !this.#usesLogin;
  }

  get ready(): boolean {
    return this.#ready;
  }

  open(): void {
    this.#lines.reset();
    this.#ready = !this.#usesLogin;
  }

  hello(): readonly Uint8Array[] {
    if (!this.#usesLogin) return [];
    const { ident } = this.#options;
    return [encodeLogin({ model: 'AT402', ident, firmware: FIRMWARE, letter: 'X', hardware: '1', checksum: '8A1B' })];
  }

  word(readings: readonly Stored[]): Worded {
    const last = readings.length - 1;
    const reports = readings.map((stored, index) => this.#report(stored, index < last));
    const bytes = encodeXPacket({ ...(!this.#usesLogin && { ident: this.#options.ident }), reports });
    // The acknowledgement names nothing; the key is for people who read a trace.
    return { bytes, key: readings[0]!.sequence };
  }

  hear(bytes: Uint8Array): readonly Heard[] {
    const heard: Heard[] = [];
    this.#lines.push(
      bytes,
      (line) => heard.push(this.#answer(line)),
      (byte) => {
        if (byte === ACKNOWLEDGE) heard.push(this.#acknowledged());
        else if (byte !== CR && byte !== LF) heard.push({ kind: 'stray' });
      },
    );
    return heard;
  }

  /** The first acknowledgement of a session in mode 6 is that of the login; each later one confirms the oldest packet. */
  #acknowledged(): Heard {
    if (this.#ready) return { kind: 'ack', key: null };
    this.#ready = true;
    return { kind: 'ready' };
  }

  #answer(line: string): Heard {
    const [command = '', ...args] = line.slice(1).split(',');
    if (command === 'POLL') return { kind: 'demand', answer: null };
    return {
      kind: 'write',
      bytes: latin1Bytes(`$${command},${this.#result(command, args)}\r\n`),
      answersCommand: true,
    };
  }

  #result(command: string, args: readonly string[]): string {
    if (command === 'IMEI') return this.#options.ident;
    if (command === 'ATSW') return FIRMWARE;
    const wanted = Object.hasOwn(SETTINGS, command) ? SETTINGS[command]! : null;
    if (wanted === null) return 'UN';
    if (args.length < wanted || args.slice(0, wanted).some((arg) => arg === '')) return 'ER';
    if (command === 'IMOB') {
      if (!/^[0-4]$/.test(args[0]!)) return 'ER';
      this.#immobilised = args[0] !== '0';
    }
    return 'OK';
  }

  #report({ reading, sequence, buffered }: Stored, more: boolean): AstraReport {
    const signal = Math.round((reading.signalLevel * 15) / 100);
    const status =
      (reading.ignition ? STATUS_IGNITION : 0) |
      (reading.valid ? 0 : STATUS_NO_FIX) |
      (more ? STATUS_MORE : 0) |
      (buffered ? STATUS_STORED : 0) |
      (this.#immobilised ? STATUS_IMMOBILISED : 0);
    return {
      sequence: sequence & 0xff,
      time: Math.floor(reading.timeMs / 1_000),
      reasons: [REASON_OF[reading.cause]],
      status,
      modules: reading.cause === 'journey_stop' ? MODULES_STOP : MODULES,
      values: {
        'external.powersource.voltage': reading.externalVolts,
        'battery.level': reading.batteryLevel,
        'position.timestamp': Math.floor(reading.fixMs / 1_000),
        'position.latitude': reading.latitude,
        'position.longitude': reading.longitude,
        'position.speed': reading.speed,
        'position.max.speed': reading.maxSpeed,
        'position.direction': Math.min(358, reading.direction),
        'position.altitude': reading.altitude,
        'trip.mileage': reading.trip,
        'position.satellites': reading.satellites,
        'gsm.signal.level': (signal * 100) / 15,
        'gsm.signal.dbm': -111 + 4 * signal,
        'gsm.mcc': 234,
        'gsm.mnc': 15,
        'gnss.odometer': reading.odometer,
        'engine.motorhours': reading.engineHours,
      },
    };
  }
}

const MODULES = [1, 2, 6, 7];
/** At the end of a journey the odometer goes along. */
const MODULES_STOP = [1, 2, 6, 7, 12];

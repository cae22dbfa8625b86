/**
 * An ATrack tracker: a keep-alive on every new connection, then reports, binary or ASCII, that name their own format (`%CI`). With
 * report acknowledgement on it waits for each acknowledgement, which names the frame's sequence, and packs what gathers meanwhile.
 */
import {
  asciiFrame,
  binaryFrame,
  keepAliveFrame,
  replyLine,
  type SimulatedFrame,
  type SimulatedRecord,
} from '../atrack/simulate.js';
import { u16 } from '../wire/reader.js';
import { LINE_BYTES_MAX } from './downlink.js';
import type { Reading, ReadingCause } from './drive.js';
import type { Stored } from './outbox.js';
import type { Dialect, Heard, Worded } from './tracker.js';

export interface AtrackDeviceOptions {
  /** IMEI, the default unit id. */
  readonly ident: string;
  readonly form: 'binary' | 'ascii';
}

/** The vendor's default. */
const TIMEOUT_MS = 10_000;
const RECORDS_PER_FRAME = 10;
const FORM = '%CI%SA%MV%BV%GQ%EG%MT%DT';
const PREFIX = '@P';
/** Acknowledgements and keep-alives: FE 02, unit id, sequence. */
const ACK_BYTES = 12;
const ACK_FIRST = 0xfe;
const ACK_SECOND = 0x02;
const CR = 0x0d;
const LF = 0x0a;

const REASON_OF: Readonly<Record<ReadingCause, number>> = {
  interval: 2,
  demand: 0,
  journey_start: 2,
  journey_stop: 2,
  heading_change: 2,
  idling_start: 2,
};
const COMMAND = /^AT\$([A-Z0-9]+)(?:\+([^=,\s]{1,16}))?(?:=(.*))?$/;
/** Settings and actions that it accepts. */
const ACCEPTED: ReadonlySet<string> = new Set([
  ...['UNID', 'FORM', 'GPRS', 'TRAC', 'TRAX', 'STRA', 'OUTC', 'REPT', 'RACT', 'INPT', 'SPED', 'IDLE', 'VTOW', 'MOTD'],
  ...['IMPD', 'HACE', 'HBKE', 'HCOR', 'PLOW', 'PLOS', 'GFEN', 'ODOM', 'PMGR', 'SLOG', 'REST', 'FUEL', 'DVID'],
]);
const ERROR_UNKNOWN = '101';
const ERROR_PARAMETERS = '102';

export class AtrackDevice implements Dialect {
  readonly protocol = 'atrack';
  /** Report acknowledgement is on: one frame is out at a time. */
  readonly window = 1;
  readonly timeoutMs = TIMEOUT_MS;
  readonly repeatsOnLink = true;
  readonly readingsPerFrameMax = RECORDS_PER_FRAME;
  readonly ready = true;
  readonly #options: AtrackDeviceOptions;
  #sequence = 0;
  #keepAlive = -1;
  #outputs = 0;
  /** Unread bytes: a part of an acknowledgement or of a command line. */
  #rest: number[] = [];

  constructor(options: AtrackDeviceOptions) {
    this.#options = options;
  }

  open(): void {
    this.#rest = [];
  }

  /** One keep-alive, which names the device; nobody waits for its echo. */
  hello(): readonly Uint8Array[] {
    this.#keepAlive = this.#next();
    return [keepAliveFrame(this.#options.ident, this.#keepAlive)];
  }

  word(readings: readonly Stored[], nowMs: number): Worded {
    const sequence = this.#next();
    const frame: SimulatedFrame = {
      prefix: PREFIX,
      unitId: this.#options.ident,
      sequence,
      form: FORM,
      records: readings.map((stored) => this.#record(stored, Math.floor(nowMs / 1_000))),
    };
    return { bytes: this.#options.form === 'ascii' ? asciiFrame(frame) : binaryFrame(frame), key: sequence };
  }

  hear(bytes: Uint8Array): readonly Heard[] {
    const heard: Heard[] = [];
    const rest = this.#rest;
    for (const byte of bytes) {
      rest.push(byte);
      if (rest[0] === ACK_FIRST) {
        if (rest.length === ACK_BYTES) heard.push(...this.#acknowledged(Uint8Array.from(rest.splice(0))));
      } else if (byte === LF || byte === CR) {
        const line = String.fromCharCode(...rest.splice(0)).trim();
        if (line !== '') heard.push(this.#command(line));
      } else if (rest.length > LINE_BYTES_MAX) rest.length = 0;
    }
    return heard;
  }

  #acknowledged(bytes: Uint8Array): readonly Heard[] {
    if (bytes[1] !== ACK_SECOND) return [{ kind: 'stray' }];
    const sequence = u16(bytes, ACK_BYTES - 2);
    if (sequence !== this.#keepAlive) return [{ kind: 'ack', key: sequence }];
    this.#keepAlive = -1;
    return [];
  }

  #command(line: string): Heard {
    const match = COMMAND.exec(line);
    if (match === null) return { kind: 'stray' };
    const [, name = '', tag, text] = match;
    if (name === 'GPOS') return { kind: 'demand', answer: null };
    return { kind: 'write', bytes: this.#reply(name, tag, text), answersCommand: true };
  }

  #reply(name: string, tag: string | undefined, text: string | undefined): Uint8Array {
    if (text === '?' || text?.endsWith(',?') === true) {
      const values = this.#values(name);
      return values === null ? replyLine('ERROR', ERROR_UNKNOWN, tag) : replyLine(name, values, tag);
    }
    if (!ACCEPTED.has(name)) return replyLine('ERROR', ERROR_UNKNOWN, tag);
    if (name === 'OUTC' && !this.#switch(text ?? '')) return replyLine('ERROR', ERROR_PARAMETERS, tag);
    return replyLine('OK', undefined, tag);
  }

  /** What it says of a setting; null: it has no such setting. */
  #values(name: string): string | null {
    const { ident, form } = this.#options;
    switch (name) {
      case 'UNID':
        return ident;
      case 'FORM':
        return `${form === 'ascii' ? 0 : 1},${PREFIX},0,"${FORM}"`;
      case 'INFO':
        return `${ident},AK7,Rev.1.09 Build 2032,${ident},234150000000000,8944100000000000000F,124,41,9,1,18,1,0`;
      default:
        return null;
    }
  }

  /** `AT$OUTC=<output>,<0|1>,…` */
  #switch(text: string): boolean {
    const match = /^([1-3]),([01])(,|$)/.exec(text);
    if (match === null) return false;
    const bit = 1 << Number(match[1]);
    this.#outputs = match[2] === '1' ? this.#outputs | bit : this.#outputs & ~bit;
    return true;
  }

  #next(): number {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    return sequence;
  }

  #record({ reading, buffered }: Stored, send: number): SimulatedRecord {
    return {
      gps: Math.floor(reading.fixMs / 1_000),
      rtc: Math.floor(reading.timeMs / 1_000),
      send,
      longitude: reading.longitude,
      latitude: reading.latitude,
      heading: Math.floor(reading.direction),
      reason: REASON_OF[reading.cause],
      mileage: reading.odometer,
      hdop: reading.hdop,
      inputs: reading.ignition ? 1 : 0,
      speed: Math.round(reading.speed),
      outputs: this.#outputs,
      analog: 0,
      custom: customOf(reading, buffered),
    };
  }
}

/** Custom fields in the wire's units: tenths of a volt, signal 0 to 31. */
function customOf(reading: Reading, buffered: boolean): Readonly<Record<string, number>> {
  return {
    SA: reading.satellites,
    MV: Math.round(reading.externalVolts * 10),
    BV: Math.round(reading.batteryVolts * 10),
    GQ: Math.round((reading.signalLevel * 31) / 100),
    EG: reading.ignition ? 1 : 0,
    MT: reading.moving ? 1 : 0,
    DT: buffered ? 1 : 0,
  };
}

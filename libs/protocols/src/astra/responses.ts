/**
 * Text of the device: login, answers to commands, driver requests.
 *
 *   $ASTRA;model;imei;vin;firmware;letter;hardware[;settings checksum]      login
 *   $CMD,OK  $CMD,ER  $CMD,UN  $CMD,PR                                      done, failed, not known, password required
 *   $CMD,value[,value…]                                                     value
 *   $CMD-TCP or WORD:… with further lines                                   long value, one line a value
 *   $DRID,model,CHECK,imei,family,serial[,…]                                may this driver drive?
 */
import { Report } from '../catalogue/report.generated.js';
import { addQuality, flagSetter, stringSetter } from '../catalogue/set.js';
import type { CommandResponse, Decoded, DecodeInput } from '../protocol.js';
import { latin1 } from '../wire/reader.js';
import { luhn } from './imei.js';

const NOTHING: readonly never[] = [];
const DOLLAR = 0x24;
export const LOGIN_PREFIX = '$ASTRA;';
export const DRIVER_PREFIX = '$DRID,';
const IMEI = /^[0-9]{14,16}$/;
const LOGIN_FIELDS_MIN = 7;
const LOGIN_FIELDS_MAX = 8;

export const isUpper = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x41 && byte <= 0x5a;

/** Text starts with `$` or with two capital letters; a packet's second byte is the high byte of its length, below 0x40. */
export function isText(b: Uint8Array): boolean {
  return b[0] === DOLLAR || (isUpper(b[0]) && isUpper(b[1]));
}

export function textOf(b: Uint8Array): string {
  return latin1(b, 0, b.length);
}

export interface LoginLine {
  readonly ident: string;
  readonly letter: string;
  readonly model: string;
  readonly vin: string;
  readonly firmware: string;
  readonly hardware: string;
  readonly checksum: string;
}

/** Null: fewer than seven fields, or an IMEI that is not 14 to 16 digits. Without line end the count must be seven or eight. */
export function parseLogin(text: string): LoginLine | null {
  const line = text.replace(/[\r\n]+$/, '');
  const fields = line.split(';');
  const isWhole = line.length < text.length;
  if (fields.length < LOGIN_FIELDS_MIN || (!isWhole && fields.length > LOGIN_FIELDS_MAX)) return null;
  const [, model = '', ident = '', vin = '', firmware = '', letter = '', hardware = '', checksum = ''] = fields.map(
    (f) => f.trim(),
  );
  return IMEI.test(ident) ? { ident, letter: letter.toUpperCase(), model, vin, firmware, hardware, checksum } : null;
}

/** A record without a device time: its ids stay 0, and the decoder service identifies it by where it arrived. */
function open(input: DecodeInput, kind: Report['kind']): Report {
  const report = new Report();
  report.kind = kind;
  report.ident = input.ident;
  report.protocol = 'astra';
  report.received_at = input.receivedAtUs;
  report.timestamp = input.receivedAtUs;
  return report;
}

const LOGIN_TEXTS = [
  [stringSetter('device.model'), 'model'],
  [stringSetter('vehicle.vin'), 'vin'],
  [stringSetter('device.firmware.version'), 'firmware'],
  [stringSetter('device.protocol.letter'), 'letter'],
  [stringSetter('device.hardware.version'), 'hardware'],
  [stringSetter('device.settings.checksum'), 'checksum'],
] as const;

function presence(input: DecodeInput, text: string): Decoded {
  const login = parseLogin(text);
  if (login === null)
    return {
      reports: NOTHING,
      responses: NOTHING,
      rejected: [{ reason: 'bad_login', start: 0, end: input.frame.length }],
      learnt: NOTHING,
    };
  const report = open(input, 'presence');
  for (const [set, name] of LOGIN_TEXTS) if (login[name] !== '') set(report, login[name]);
  if (login.ident.length === 15 && !luhn(login.ident)) addQuality(report, 'ident_checksum');
  return { reports: [report], responses: NOTHING, rejected: NOTHING, learnt: NOTHING };
}

export interface DriverRequest {
  readonly imei: string;
  readonly driver: string;
}

/** Null: not a request to check a driver. */
export function parseDriverRequest(text: string): DriverRequest | null {
  const [command, , verb, imei = '', family = '', serial = ''] = text.trim().split(',');
  if (command !== '$DRID' || verb !== 'CHECK') return null;
  if (!IMEI.test(imei) || !/^[0-9A-Fa-f]{2}$/.test(family) || !/^(?:[0-9A-Fa-f]{12}|[0-9A-Fa-f]{14})$/.test(serial))
    return null;
  return { imei, driver: (family + serial).toUpperCase() };
}

const setDriver = stringSetter('driver.id');
const setDriverCheck = flagSetter('driver.id.check.event');

export function decodeText(input: DecodeInput): Decoded {
  const text = textOf(input.frame);
  if (text.startsWith(LOGIN_PREFIX)) return presence(input, text);
  const responses = responsesOf(text);
  const request = parseDriverRequest(text);
  if (request === null) return { reports: NOTHING, responses, rejected: NOTHING, learnt: NOTHING };
  const report = open(input, 'report');
  setDriver(report, request.driver);
  setDriverCheck(report, true);
  return { reports: [report], responses, rejected: NOTHING, learnt: NOTHING };
}

const ERRORS: ReadonlySet<string> = new Set(['ER', 'UN', 'PR']);

/** One answer for each `$` line; lines without `$` are further values of the answer before them. */
export function responsesOf(text: string): readonly CommandResponse[] {
  const lines = text
    .split(/[\r\n\0]+/)
    .flatMap((line) => line.split(/(?=\$)/))
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const answers: { line: string; more: string[] }[] = [];
  for (const line of lines) {
    const last = answers.at(-1);
    if (line.startsWith('$') || last === undefined) answers.push({ line, more: [] });
    else last.more.push(line);
  }
  return answers.map(({ line, more }) => responseOf(line, more));
}

function responseOf(line: string, more: readonly string[]): CommandResponse {
  const found = /^\$?([A-Za-z0-9]+)(-TCP)?[,:]?(.*)$/.exec(line);
  const command = found?.[1] ?? '';
  const rest = found?.[3] ?? line;
  const values = [...(rest === '' ? [] : rest.split(',')), ...more];
  if (parseDriverRequest(line) !== null) return { command, outcome: 'request', values };
  if (more.length === 0 && values.length === 1) {
    const code = values[0]!;
    if (code === 'OK') return { command, outcome: 'ok' };
    if (ERRORS.has(code)) return { command, outcome: 'error', code };
  }
  return { command, outcome: 'value', values };
}

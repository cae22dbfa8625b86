/**
 * Answers to commands, one line each:
 *
 *   $OK[+tag]                  accepted
 *   $ERROR[+tag]=<code>        refused
 *   $NAME[+tag]=p1,p2,…        what was asked for; strings in quotes may hold commas and =
 */
import { NO_MAP } from '../catalogue/report.generated.js';
import { append } from '../catalogue/set.js';
import type { CommandResponse, DecodeInput } from '../protocol.js';
import { toHex } from '../hex.js';
import { latin1 } from '../wire/reader.js';
import { latin1Bytes } from '../wire/writer.js';
import { scanNumber, scanned, WHOLE } from './ascii.js';
import { Draft, type FieldSettings } from './draft.js';
import { antenna, signalLevel } from './fields.js';
import { type Outcome, newReport, reject } from './outcome.js';
import { codesOf, fieldOf } from './plan.js';

const LINE = /^\$([A-Z0-9]+)(?:\+([^\s=,]+))?[ \t]*(?:=(.*))?$/s;

/** A line that follows the grammar. */
export interface Reply {
  readonly name: string;
  readonly tag: string | null;
  /** Without the quotes around them; null when there is no `=`. */
  readonly params: readonly string[] | null;
  /** Which of them stood in quotes. */
  readonly quoted: readonly boolean[];
}

/** Reads a line with its CR LF; null: it does not follow the grammar. */
export function parseReply(frame: Uint8Array): Reply | null {
  const match = LINE.exec(lineOf(frame));
  if (match === null) return null;
  const [, name, tag, text] = match;
  const parts = text === undefined ? null : split(text.trim());
  return {
    name: name!,
    tag: tag ?? null,
    params: parts === null ? null : parts.map((p) => (isQuoted(p) ? p.slice(1, -1) : p)),
    quoted: (parts ?? []).map(isQuoted),
  };
}

export const lineOf = (frame: Uint8Array): string => latin1(frame, 0, frame.length).replace(/\r\n$/, '');
const isQuoted = (part: string): boolean => part.length >= 2 && part.startsWith('"') && part.endsWith('"');

/** Splits at commas outside of quotes. */
function split(text: string): readonly string[] {
  const parts: string[] = [];
  let quoted = false;
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    if (i === text.length || (text[i] === ',' && !quoted)) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  return parts;
}

/** The answer that a line gives. An unknown `$` line is kept as text. */
export function responseOf(frame: Uint8Array, reply: Reply | null): CommandResponse {
  if (reply === null) return { command: null, outcome: 'value', values: [lineOf(frame)] };
  const tag = reply.tag === null ? {} : { tag: reply.tag };
  if (reply.name === 'OK') return { command: null, outcome: 'ok', ...tag };
  if (reply.name === 'ERROR') {
    const code = reply.params?.[0];
    return { command: null, outcome: 'error', ...(code !== undefined && code !== '' && { code }), ...tag };
  }
  return { command: reply.name, outcome: 'value', values: reply.params ?? [], ...tag };
}

/** Decodes an answer: the response, what it teaches, and the report that `$INFO=` is. */
export function decodeReply(input: DecodeInput, out: Outcome): void {
  const reply = parseReply(input.frame);
  out.responses = append(out.responses, responseOf(input.frame, reply));
  if (reply?.params === null || reply === null) return;
  switch (reply.name) {
    case 'FORM':
      learnForm(reply, input, out);
      break;
    case 'FMSC':
      learnList(reply, 'j1939_fields', input, out);
      break;
    case '1708':
      learnList(reply, 'j1708_fields', input, out);
      break;
    case 'INFO':
      writeInfo(reply.params, input, out);
      break;
    default:
  }
}

const unlearnable = (input: DecodeInput, out: Outcome, path: string): void =>
  reject(out, 'bad_syntax', 0, input.frame.length, path);

/** `$FORM=<format>,<prefix>,<time format>,"<custom info>"`. */
function learnForm(reply: Reply, input: DecodeInput, out: Outcome): void {
  const [format, prefix, time] = reply.params!;
  const at = reply.quoted.lastIndexOf(true);
  const form = at >= 0 ? reply.params![at] : reply.params![3];
  const fields = form === undefined ? null : codesOf(form.trim());
  if (fields === null) {
    unlearnable(input, out, 'form.custom_info');
    return;
  }
  const canonical = fields.map((code) => `%${code}`).join('');
  out.learnt = append(out.learnt, {
    name: 'form',
    value: {
      form: canonical,
      source: 'reply',
      binary: format !== '0',
      prefix: prefixHex(prefix ?? ''),
      timeFormat: Number(time ?? 0),
      fields,
    },
    settings: { form: canonical, formSource: 'reply' },
  });
}

/** Four hex digits of a prefix that is given as two characters or as `0x` and four digits. */
function prefixHex(prefix: string): string {
  const digits = /^0x([0-9a-f]{4})$/i.exec(prefix);
  if (digits !== null) return digits[1]!.toLowerCase();
  return toHex(latin1Bytes(prefix));
}

/** `$FMSC=<on>,"<codes>"` and `$1708="<codes>"`. A list that is switched off is empty. */
function learnList(reply: Reply, name: 'j1939_fields' | 'j1708_fields', input: DecodeInput, out: Outcome): void {
  const at = reply.quoted.lastIndexOf(true);
  const list = (at >= 0 ? reply.params![at] : reply.params!.at(-1)) ?? '';
  const off = reply.params!.length > 1 && reply.params![0] === '0';
  const codes = off ? [] : codesOf(list.trim());
  if (codes === null) {
    unlearnable(input, out, name);
    return;
  }
  out.learnt = append(out.learnt, {
    name,
    value: codes,
    settings: name === 'j1939_fields' ? { j1939Fields: codes } : { j1708Fields: codes },
  });
}

const INFO_PARAMS_MIN = 13;
const infoDraft = new Draft();
const infoSettings: FieldSettings = { gDivisor: 1000, engineOdometerUnitKm: 1, ignitionFromInput0: false, nowS: 0 };

/** `$INFO=unit,model,firmware,IMEI,IMSI,ICCID,main,battery,satellites,gsm,signal,connection,antenna`: a record without position. */
function writeInfo(params: readonly string[], input: DecodeInput, out: Outcome): void {
  if (params.length < INFO_PARAMS_MIN) {
    unlearnable(input, out, 'info');
    return;
  }
  const [, model, firmware, , imsi, iccid, main, battery, satellites, gsm, signal, connection, bits] = params;
  const r = newReport(input, -1);
  const value = (text: string | undefined): number | null => {
    const bytes = latin1Bytes(text ?? '');
    const number = scanNumber(bytes, 0, bytes.length);
    return scanned.kind === WHOLE ? number : null;
  };
  const main10 = value(main);
  const battery10 = value(battery);
  const level = value(signal);
  if (main10 !== null) r.external_powersource_voltage = main10 / 10;
  if (battery10 !== null) r.backup_battery_voltage = battery10 / 10;
  r.position_satellites = value(satellites);
  if (level !== null && !Number.isNaN(signalLevel(level))) r.gsm_signal_level = signalLevel(level);
  const registration = value(gsm);
  if (registration !== null) r.numbers = { 'atrack.gsm.registration': registration };
  if (r.strings === NO_MAP) r.strings = {};
  if (model) r.strings['atrack.model'] = model;
  if (firmware) r.strings['atrack.firmware'] = firmware;
  fieldOf('CM').text?.(imsi ?? '', r, infoDraft);
  fieldOf('CD').text?.(iccid ?? '', r, infoDraft);
  const connected = value(connection);
  if (connected !== null) fieldOf('CS').number?.(connected, r, infoDraft, infoSettings);
  const antennaBits = value(bits);
  if (antennaBits !== null) antenna(antennaBits, r, infoDraft, infoSettings);
  out.reports = append(out.reports, r);
}

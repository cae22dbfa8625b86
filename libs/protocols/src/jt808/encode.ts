/** Words commands, in the edition of the device. The answer names the serial, so serial and id are the correlation. */
import type { Command, CommandResponse, Encoded } from '../protocol.js';
import { bcdBytes } from '../wire/bcd.js';
import { gbkBytes } from '../wire/gbk.js';
import { fromHex } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import {
  CONTROLS_MAX,
  CUSTOM_CHARACTERS_MAX,
  INTERVAL_MIN_S,
  INTERVAL_PARAMETER,
  TEXT_BYTES_MAX,
  U16_MAX,
  U32_MAX,
  U8_MAX,
} from './commands.js';
import { BODY_BYTES_MAX, idText, wordMessage, type Addressee } from './message.js';
import { parameterName, wordParameter } from './parameters.js';
import { takeSerial, type Jt808Link } from './state.js';

/** Controls that take text: 1 upgrade, 2 connect elsewhere. */
const CONTROLS_WITH_TEXT = 2;
const TEXT_FLAG = 0x01;
const TEXT_TYPE_NOTICE = 1;

type Args = Command['args'];
type Fault = Extract<Encoded, { kind: 'error' }>;
interface Worded {
  readonly id: number;
  readonly body: Uint8Array;
}
const fault = (field: string, remedy: string): Fault => ({ kind: 'error', field, remedy });
const isFault = (x: Worded | number | Uint8Array | Fault): x is Fault => typeof x === 'object' && 'remedy' in x;

/** A whole number, or hex text such as "0x04". */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^0x[0-9a-f]{1,8}$/i.test(value) ? Number.parseInt(value, 16) : Number.NaN;
}
function whole(args: Args, name: string, low: number, high: number, meaning: string): number | Fault {
  const value = numberOf(args[name]);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  return fault(`args.${name}`, `use a whole number from ${low} to ${high} (${meaning})`);
}
function text(args: Args, name: string, bytesMax: number): Uint8Array | Fault {
  const value = args[name];
  const bytes = typeof value === 'string' && value !== '' ? gbkBytes(value) : null;
  if (bytes !== null && bytes.length <= bytesMax) return bytes;
  return fault(`args.${name}`, `use a text of 1 to ${bytesMax} bytes whose characters GBK has`);
}

function setParameters(pairs: readonly (readonly [string, unknown])[]): Worded | Fault {
  if (pairs.length === 0 || pairs.length > U8_MAX)
    return fault('args.parameters', 'use an object of 1 to 255 parameters, such as {"0x0029": 30}');
  const body = new Writer(64).u8(pairs.length);
  for (const [name, value] of pairs) {
    const id = numberOf(name);
    if (Number.isNaN(id)) return fault(`args.parameters.${name}`, 'use the id as hex, such as 0x0029');
    const bytes = wordParameter(id, value);
    if (typeof bytes === 'string') return fault(`args.parameters.${name}`, bytes);
    body.u32(id).u8(bytes.length).bytes(bytes);
  }
  return { id: 0x8103, body: body.done() };
}

/** 0x8300: flag, text type (2019), text. */
const textMessage = (flag: number, type: number, words: Uint8Array, is2019: boolean): Worded => {
  const body = new Writer(words.length + 2).u8(flag);
  if (is2019) body.u8(type);
  return { id: 0x8300, body: body.bytes(words).done() };
};

const EMPTY = new Uint8Array(0);
const COMMANDS: Readonly<Record<string, (args: Args, is2019: boolean) => Worded | Fault>> = {
  set_parameters(args) {
    const parameters = args['parameters'];
    const isObject = typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters);
    return setParameters(isObject ? Object.entries(parameters) : []);
  },
  interval(args) {
    const seconds = whole(args, 'cycle_time', INTERVAL_MIN_S, U16_MAX, 's');
    return isFault(seconds) ? seconds : setParameters([[parameterName(INTERVAL_PARAMETER), seconds]]);
  },
  query_parameters(args) {
    const ids = args['ids'];
    if (ids === undefined) return { id: 0x8104, body: EMPTY };
    const numbers = Array.isArray(ids) ? ids.map(numberOf) : [];
    if (numbers.length === 0 || numbers.length > U8_MAX || numbers.some(Number.isNaN))
      return fault(
        'args.ids',
        'use a list of 1 to 255 ids as hex, such as ["0x0029"]; leave it out for all parameters',
      );
    const body = new Writer(64).u8(numbers.length);
    for (const id of numbers) body.u32(id);
    return { id: 0x8106, body: body.done() };
  },
  query_attributes: () => ({ id: 0x8107, body: EMPTY }),
  location_query: () => ({ id: 0x8201, body: EMPTY }),
  terminal_control(args) {
    const control = whole(
      args,
      'command',
      1,
      CONTROLS_MAX,
      '1 upgrade, 2 server, 3 off, 4 reset, 5 factory, 6 and 7 links',
    );
    if (isFault(control)) return control;
    const body = new Writer(64).u8(control);
    if (args['parameters'] === undefined) return { id: 0x8105, body: body.done() };
    if (control > CONTROLS_WITH_TEXT)
      return fault('args.parameters', 'leave it out: only commands 1 and 2 take parameters');
    const words = text(args, 'parameters', BODY_BYTES_MAX - 1);
    return isFault(words) ? words : { id: 0x8105, body: body.bytes(words).done() };
  },
  text(args, is2019) {
    const flag = whole(args, 'flag', 0, U8_MAX, 'bits of the edition');
    if (isFault(flag)) return flag;
    const type =
      args['textType'] === undefined ? TEXT_TYPE_NOTICE : whole(args, 'textType', 1, 2, '1 notice, 2 service');
    if (isFault(type)) return type;
    const words = text(args, 'text', TEXT_BYTES_MAX);
    return isFault(words) ? words : textMessage(flag, type, words, is2019);
  },
  temporary_tracking(args) {
    const interval = whole(args, 'interval', 0, U16_MAX, 's; 0 stops');
    if (isFault(interval)) return interval;
    const body = new Writer(6).u16(interval);
    // To stop, nothing follows the interval.
    if (interval === 0) return { id: 0x8202, body: body.done() };
    const duration = whole(args, 'duration', 1, U32_MAX, 's');
    return isFault(duration) ? duration : { id: 0x8202, body: body.u32(duration).done() };
  },
  confirm_alarm(args) {
    const serial = whole(args, 'replySerial', 0, U16_MAX, 'serial of the alarm message; 0 for all');
    if (isFault(serial)) return serial;
    const bits = whole(args, 'alarmBits', 0, U32_MAX, 'bits 0, 3, 20, 21, 22, 27, 28 of the alarm word');
    return isFault(bits) ? bits : { id: 0x8203, body: new Writer(6).u16(serial).u32(bits).done() };
  },
  transparent(args) {
    const type = whole(args, 'transparentType', 0, U8_MAX, 'channel');
    if (isFault(type)) return type;
    const data = args['data'];
    if (data !== undefined) {
      const bytes = typeof data === 'string' ? fromHex(data) : null;
      if (bytes === null || args['text'] !== undefined) return fault('args.data', 'use hex, and leave text out');
      return { id: 0x8900, body: new Writer(bytes.length + 1).u8(type).bytes(bytes).done() };
    }
    const words = text(args, 'text', U16_MAX);
    return isFault(words) ? words : { id: 0x8900, body: new Writer(words.length + 1).u8(type).bytes(words).done() };
  },
  custom(args, is2019) {
    const payload = args['payload'];
    if (typeof payload !== 'string' || !/^[\x20-\x7e]+$/.test(payload) || payload.length > CUSTOM_CHARACTERS_MAX)
      return fault('args.payload', `use 1 to ${CUSTOM_CHARACTERS_MAX} printable ASCII characters`);
    return textMessage(TEXT_FLAG, TEXT_TYPE_NOTICE, gbkBytes(payload) ?? EMPTY, is2019);
  },
};

/** Names that `encode` knows. */
export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

export function encode(command: Command, state: Jt808Link): Encoded {
  const word = COMMANDS[command.name];
  if (word === undefined) return fault('name', `use one of ${COMMAND_NAMES.join(', ')}`);
  const addressee = addresseeOf(state);
  if (addressee === null)
    return fault('ident', 'wait until the device has sent a message: its header names the edition');
  const worded = word(command.args, addressee.version !== null);
  if (isFault(worded)) return worded;
  const { bytes, serial } = send(worded, addressee, state);
  const correlation = correlationOf({ command: idText(worded.id), outcome: 'ok', tag: String(serial) });
  return { kind: 'bytes', bytes, correlation, answer: 'response' };
}

function addresseeOf(state: Jt808Link): Addressee | null {
  if (state.phone !== null) return { phone: state.phone, version: state.version };
  return state.ident === null ? null : { phone: bcdBytes(state.ident, 6), version: null };
}

/** A body over 1023 bytes goes out in packets with serials in a row; the device answers the last one. */
function send(
  worded: Worded,
  to: Addressee,
  state: Jt808Link,
): { readonly bytes: Uint8Array; readonly serial: number } {
  const { id, body } = worded;
  if (body.length <= BODY_BYTES_MAX) {
    const serial = takeSerial(state);
    return { bytes: wordMessage(id, to, serial, body), serial };
  }
  const total = Math.ceil(body.length / BODY_BYTES_MAX);
  const firstSerial = state.serial;
  const frames: Uint8Array[] = [];
  let serial = firstSerial;
  for (let i = 0; i < total; i++) {
    serial = takeSerial(state);
    const piece = body.subarray(i * BODY_BYTES_MAX, (i + 1) * BODY_BYTES_MAX);
    frames.push(wordMessage(id, to, serial, piece, { total, number: i + 1 }));
  }
  state.sent = { firstSerial, frames };
  const out = new Writer(body.length + 64 * total);
  for (const frame of frames) out.bytes(frame);
  return { bytes: out.done(), serial };
}

/**
 * Id and serial of the command. Both parameter queries are answered by 0x0104, which names only the serial; 0x0107 names nothing,
 * so that the oldest query is meant.
 */
export function correlationOf(response: CommandResponse): string {
  const command = response.command ?? '';
  if (command === '0x8107') return command;
  return `${command === '0x8106' ? '0x8104' : command}:${response.tag ?? ''}`;
}

/**
 * The one interface that carries every protocol.
 *
 * A protocol is two halves that share a folder. The *edge half* (`open`, `frame`, `accept`, `encode`) needs the connection and
 * nothing else: it cuts the stream, checks sums, names the device and words the reply. The *decoder half* (`decode`) needs the
 * frame, what the edge noted beside it and the device's settings, and nothing else. Neither throws on wire content, reads a
 * clock, or writes to a socket. Bytes are `Uint8Array`, so that all of it runs in a browser too.
 */
import type { Report } from './catalogue/report.generated.js';
import type { CommandSpec } from './commands/spec.js';

export const PROTOCOLS = ['astra', 'h02', 'jt808', 'atrack'] as const;
export type ProtocolId = (typeof PROTOCOLS)[number];
export type Transport = 'tcp' | 'udp';

/** Why bytes were refused. A closed list: metric labels and dead letters use it. */
export const REJECT_REASONS = [
  'noise', // bytes between frames that are no frame
  'bad_length', // an announced length that cannot be, or is over the limit
  'bad_checksum',
  'bad_escape', // JT/T 808: 7D followed by anything but 01 or 02
  'bad_syntax', // text that breaks its grammar
  'bad_login',
  'bad_ident', // no usable identity in the frame
  'no_ident', // the frame relies on an identity that the connection has not given
  'truncated', // the stream or the datagram ended inside a frame
  'layout_mismatch', // the layout does not consume the frame exactly
  'unknown_type', // a letter, type or message id without a known layout
  'format_unknown', // ATrack: the report format is not known, or does not fit
  'body_short', // the body ends before its fixed part
  'parts_missing', // a split message whose parts did not all come
  'encrypted',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** A refusal, with the byte range in the frame (or in the chunk, for bytes that made no frame), end exclusive. */
export interface Rejection {
  readonly reason: RejectReason;
  readonly start: number;
  readonly end: number;
  /** Dotted path of the field at fault, e.g. `report[1].module[44]`; absent when the frame as a whole is. */
  readonly path?: string;
}

/** What the bytes at the front of the buffer are. Never throws; never looks past `end` of the view. */
export type Framed =
  /** One whole message at [from, end). Reading goes on at `resumeAt` (default `end`): a flag may end one frame and open the next. */
  | { readonly kind: 'frame'; readonly end: number; readonly resumeAt?: number }
  /** Wait; nothing is wrong yet. With `silenceMs`, ask again with `final` after that silence. */
  | { readonly kind: 'need'; readonly atLeast: number; readonly silenceMs?: number }
  /** Filler that belongs to no frame and is no error (CR LF between lines). */
  | { readonly kind: 'skip'; readonly end: number }
  /** Not a frame. Go on at `resumeAt`; null: the connection cannot be resynchronised and is closed. */
  | { readonly kind: 'bad'; readonly reason: RejectReason; readonly resumeAt: number | null };

/** Unread bytes: [from, to) of `bytes`. */
export interface FrameView {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** No more bytes will come now: the datagram ended, the connection closed, or `silenceMs` passed. */
  readonly final: boolean;
  readonly transport: Transport;
}

/** What is already known of a connection when it is opened; tests and `fleetwire decode` seed it, sockets do not. */
export interface Known {
  readonly ident?: string;
  /** Astra: protocol letter of the login packet. */
  readonly letter?: string;
  /** ATrack: the server has asked for impact data and the device said `$OK`. */
  readonly waiting?: 'impact_data';
  /** H02: the device's two letters. */
  readonly vendorCode?: string;
  /** JT808: phone digits of the header (12, or 20 in the 2019 edition). */
  readonly phone?: string;
  /** JT808: next server serial. */
  readonly serial?: number;
  /** JT808: version byte of the 2019 header. */
  readonly version?: number;
}

/** Per-connection (UDP: per source address) state of a protocol. Opaque to the edge but for these fields. */
export interface LinkState {
  /** The device that spoke last on this connection: commands go to it. */
  ident: string | null;
}

/** What the edge knows of a device beyond the connection: from `devices` and `device-settings`. All optional. */
export interface DeviceSettings {
  /** H02 acknowledgement mode; default `r12`. */
  readonly h02Ack?: 'r12' | 'v4' | 'none';
  /** ATrack: whether a wrong CRC or length is still decoded; default `strict`. */
  readonly crcMode?: 'strict' | 'lenient';
  /** JT808: hours the device's clock is ahead of UTC; default 8. */
  readonly jt808UtcOffsetHours?: number;
  /** H02: emit the alarm booleans of the status word; default true. */
  readonly h02Alarms?: boolean;
  /** H02: only SinoTrack's own `$` lengths, 32 and 45 bytes; default false: other vendors' too. */
  readonly h02SinotrackOnly?: boolean;
  /** ATrack report format as a string of codes, `%SA%MV`; null: known to be unknown. */
  readonly form?: string | null;
  readonly formSource?: 'inline' | 'reply' | 'manual';
  readonly j1939Fields?: readonly string[];
  readonly j1708Fields?: readonly string[];
  readonly cellIdBytes?: 'auto' | 2 | 4;
  readonly gScale?: 'mg' | 'counts2048';
  readonly engineOdometerUnitKm?: number;
  /** ATrack: code to type (`u8`, `u16`, `u32`, `i8`, `i16`, `i32`, `u64`, `str`) for fields of undocumented width. */
  readonly fieldWidths?: Readonly<Record<string, string>>;
  readonly ignitionFromInput0?: boolean;
  readonly timeMode?: 'auto' | 'epoch' | 'calendar';
}

/** What the shell hands to `accept`. */
export interface AcceptEnv {
  /** Server clock, ms since 1970. */
  readonly nowMs: number;
  readonly transport: Transport;
  readonly settingsOf: (ident: string) => DeviceSettings;
}

/** What the decoder must know of the connection; travels in RawFrame.context. Keys are snake_case. */
export type FrameContext = Readonly<Record<string, string>>;

/** What the edge does with one frame. */
export type Accepted =
  /** Publish under `ident`; after the commit write `reply` (null: this frame has none). */
  | {
      readonly kind: 'publish';
      readonly ident: string;
      readonly context: FrameContext;
      readonly reply: Uint8Array | null;
      /**
       * What a device is told at once, in place of `reply`, that nobody knows where such are refused: a registration names its refusal.
       * Absent: nothing, its connection just ends.
       */
      readonly refusal?: Uint8Array;
      /** Data carries reports; control is login, heartbeat or an answer to a command. For metrics only. */
      readonly class: 'data' | 'control';
    }
  /** Dead letter with the bytes. `reply` only where the protocol says that the device would repeat it for ever otherwise. */
  | {
      readonly kind: 'reject';
      readonly rejection: Rejection;
      readonly ident: string | null;
      readonly reply: Uint8Array | null;
      readonly close: boolean;
    };

/** The decoder half's input. */
export interface DecodeInput {
  readonly frame: Uint8Array;
  readonly ident: string;
  readonly context: FrameContext;
  /** Server clock at receipt, µs since 1970. The only clock a decoder may read. */
  readonly receivedAtUs: number;
  readonly settings: DeviceSettings;
}

/** An answer of the device to a command. */
export interface CommandResponse {
  /** Protocol's own name of the command: `IMOB`, `S20`, `0x8103`, `FORM`; null when the answer does not name it (ATrack `$OK`). */
  readonly command: string | null;
  /** `accepted`: taken, and what comes of it is said later; `request`: the device asks for something. */
  readonly outcome: 'ok' | 'error' | 'value' | 'accepted' | 'request';
  readonly code?: string | number;
  readonly values?: readonly unknown[];
  /** What ties it to the command: ATrack tag, H02 hhmmss, JT808 serial. */
  readonly tag?: string;
}

/** Settings that the frame taught: kept in `device-settings` under `name`. */
export interface Learnt {
  readonly name: string;
  readonly value: unknown;
  /** How it changes the settings that the next frames of this device are decoded with. */
  readonly settings?: DeviceSettings;
}

export interface Decoded {
  /** In the device's order; kind `report`, or `presence` for logins and heartbeats. */
  readonly reports: readonly Report[];
  readonly responses: readonly CommandResponse[];
  readonly rejected: readonly Rejection[];
  readonly learnt: readonly Learnt[];
  /** A piece of a file (ATrack picture), by content digest downstream. */
  readonly media?: { readonly set: string; readonly bytes: Uint8Array; readonly type: string };
}

/** This frame is one part of a split message; parts of one `set` of one ident are joined in the decoder. */
export interface Part {
  readonly set: string;
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

export interface Command {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}
/** What encoding a command needs beside the link. */
export interface EncodeEnv {
  readonly nowMs: number;
  /** ATrack: tag to put behind the command name. */
  readonly tag?: string;
}
export type Encoded =
  | {
      readonly kind: 'bytes';
      readonly bytes: Uint8Array;
      /** Equals `correlationOf` of the answer, or of a report that answers `reportCorrelation`. Null: no answer is defined. */
      readonly correlation: string | null;
      readonly answer: 'response' | 'report' | 'none';
    }
  /** `field` names the argument at fault, `remedy` says what would do. */
  | { readonly kind: 'error'; readonly field: string; readonly remedy: string };

/** Correlation of a command, named as the protocol does (`POLL`, `GPOS`), that a report answers. */
export const reportCorrelation = (command: string): string => `report:${command}`;

/** What the first bytes of a connection or datagram say about a protocol. Deterministic, never wrong on a prefix. */
export type Detection =
  | { readonly kind: 'yes'; readonly start: number; readonly end: number; readonly because: string }
  | { readonly kind: 'no'; readonly because: string }
  | { readonly kind: 'need'; readonly atLeast: number };

/** One row of a byte map. */
export interface ByteField {
  readonly offset: number;
  readonly length: number;
  readonly field: string;
  readonly raw: string | number | bigint;
  readonly value?: unknown;
  readonly unit?: string;
}

/** Bounds of a protocol. The edge asserts their relations at start. */
export interface ProtocolLimits {
  /** Longest frame that is buffered. */
  readonly frameBytesMax: number;
  /** Silence after which a TCP connection is closed. */
  readonly idleTimeoutMs: number;
  /** A reply older than this is never sent: the device has sent again. Null: the reply names its frame, so age does not matter. */
  readonly replyAgeMaxMs: number | null;
}

export interface Protocol<State extends LinkState = LinkState> {
  readonly id: ProtocolId;
  /** As people write it. */
  readonly title: string;
  /** TCP and UDP port of its own listener: the one that fleets already use. */
  readonly port: number;
  readonly limits: ProtocolLimits;
  /** What can be said to its devices; `encode` words them. */
  readonly commands: readonly CommandSpec[];
  /** May a message of this protocol start with this byte, at a boundary of a connection that is known to speak its family? */
  owns(firstByte: number): boolean;
  detect(view: FrameView): Detection;
  open(known?: Known): State;
  /** `env`: for a protocol whose tolerance is a setting of the device (ATrack); without it the strict rules hold. */
  frame(view: FrameView, state: State, env?: AcceptEnv): Framed;
  accept(frame: Uint8Array, state: State, env: AcceptEnv): Accepted;
  /**
   * Whether `left`, the one byte that waits, belongs to no message now that the next read begins with `next`: a flag that closed one and
   * might have opened another. It is dropped then, which spares the read a copy. Absent: never.
   */
  settles?(state: State, left: number, next: number): boolean;
  /** Bytes that the protocol itself must send after a silence (JT808: request for missing parts). Called once a second. */
  tick?(state: State, nowMs: number): readonly Uint8Array[];
  /** Pure: same input, same outcome. */
  decode(input: DecodeInput): Decoded;
  /** Null: the frame stands alone. */
  part?(frame: Uint8Array): Part | null;
  /** Parts in order of index, all present; the result decodes like a frame. */
  join?(parts: readonly Uint8Array[]): Uint8Array;
  encode(command: Command, state: State, env: EncodeEnv): Encoded;
  /**
   * Fields of the state by which a command names its device, so that several devices on one connection (a gateway) can each be
   * commanded. Absent: commands name nobody, and only the device that spoke last is known to get them.
   */
  readonly addressedBy?: readonly string[];
  /** The correlation key of an answer, as `encode` made it for its command. */
  correlationOf(response: CommandResponse): string;
  explain(input: DecodeInput): readonly ByteField[];
}

/** Protocols that share a port and a connection. The first whose `owns` says yes frames the next message. */
export interface Family {
  readonly id: string;
  readonly protocols: readonly Protocol[];
}

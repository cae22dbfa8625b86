/** The byte map of a frame, and which bytes said what the frame is. */
import {
  FAMILIES,
  Link,
  explainDetection,
  familyOf,
  toHex,
  type ByteField,
  type Detection,
  type ProtocolId,
  type Rejection,
} from '@fleetwire/protocols';
import { toJson } from '../io.js';
import type { DecodeOptions } from './run.js';

export interface ExplainedFrame {
  readonly protocol: ProtocolId;
  readonly bytes: Uint8Array;
  readonly ident: string | null;
  readonly reply: string | null;
  readonly rejection: Rejection | null;
  readonly fields: readonly ByteField[];
}
export interface Explanation {
  readonly detection: readonly { readonly protocol: ProtocolId; readonly said: Detection }[];
  readonly frames: readonly ExplainedFrame[];
  /** Bytes that made no frame. */
  readonly refused: readonly { readonly hex: string; readonly reason: string }[];
}

/** Explains everything in `bytes`, taken as the first bytes of a connection, or as a datagram. */
export function explain(bytes: Uint8Array, options: DecodeOptions): Explanation {
  const families = options.protocol === null ? FAMILIES : [familyOf(options.protocol)];
  const link = new Link({ families, transport: options.transport, known: options.known });
  const env = { nowMs: options.nowMs, transport: options.transport, settingsOf: () => options.settings };
  const frames: ExplainedFrame[] = [];
  const refused: { hex: string; reason: string }[] = [];
  const drain = (): void => {
    for (let item = link.next(env); item !== null; item = link.next(env)) {
      if (item.kind === 'refused') {
        refused.push({ hex: toHex(item.bytes), reason: item.reason });
        continue;
      }
      const { accepted, protocol } = item;
      const ident = accepted.ident ?? link.ident;
      const context = accepted.kind === 'publish' ? accepted.context : {};
      const input = {
        frame: item.bytes,
        ident: ident ?? '',
        context,
        receivedAtUs: options.nowMs * 1_000,
        settings: options.settings,
      };
      frames.push({
        protocol: protocol.id,
        bytes: item.bytes.slice(),
        ident,
        reply: accepted.reply === null ? null : toHex(accepted.reply),
        rejection: accepted.kind === 'reject' ? accepted.rejection : null,
        fields: protocol.explain(input),
      });
    }
  };
  link.push(bytes);
  drain();
  link.end();
  drain();
  return { detection: explainDetection(FAMILIES, bytes, options.transport), frames, refused };
}

const HEX_BYTES_SHOWN = 12;

/** The explanation as text with aligned columns. */
export function explanationText(explanation: Explanation, bytes: Uint8Array): string {
  const lines: string[] = ['detection:'];
  for (const { protocol, said } of explanation.detection) {
    const what =
      said.kind === 'yes'
        ? `yes    bytes ${said.start}..${said.end - 1} (${hexOf(bytes, said.start, said.end)}): ${said.because}`
        : said.kind === 'no'
          ? `no     ${said.because}`
          : `maybe  needs ${said.atLeast} bytes`;
    lines.push(`  ${protocol.padEnd(7)}${what}`);
  }
  for (const frame of explanation.frames) {
    const who = frame.ident === null ? '' : `, ident ${frame.ident}`;
    lines.push('', `${frame.protocol} frame of ${frame.bytes.length} bytes${who}`);
    if (frame.rejection !== null) lines.push(rejectionText(frame.rejection));
    if (frame.reply !== null) lines.push(`  reply  ${frame.reply}`);
    lines.push(...table(frame.fields, frame.bytes));
  }
  for (const { hex, reason } of explanation.refused) lines.push('', `refused (${reason}): ${hex}`);
  return `${lines.join('\n')}\n`;
}

function rejectionText({ reason, start, end, path }: Rejection): string {
  return `  refused: ${reason}, bytes ${start}..${end - 1}${path === undefined ? '' : `, ${path}`}`;
}

function table(fields: readonly ByteField[], bytes: Uint8Array): string[] {
  const rows = fields.map((field) => [
    String(field.offset),
    String(field.length),
    hexOf(bytes, field.offset, field.offset + field.length),
    field.field,
    shown(field.raw),
    field.value === undefined ? '' : shown(field.value) + (field.unit === undefined ? '' : ` ${field.unit}`),
  ]);
  rows.unshift(['at', 'len', 'bytes', 'field', 'raw', 'value']);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd());
}

function hexOf(bytes: Uint8Array, from: number, to: number): string {
  const shownTo = Math.min(to, from + HEX_BYTES_SHOWN);
  return toHex(bytes, from, Math.min(shownTo, bytes.length)) + (to > shownTo ? '…' : '');
}

function shown(value: unknown): string {
  if (typeof value === 'string') return printable(value);
  if (typeof value === 'bigint') return value.toString();
  return toJson(value);
}

/** Control characters would break the table. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

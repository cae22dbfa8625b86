/** The text message of a record, whose content means something in a few cases. */
import { NO_MAP, type Report, type TroubleCode } from '../catalogue/report.generated.js';
import { trimText } from './ascii.js';
import { REASON_PENDING_CODES, REASON_TROUBLE_CODES } from './report-reasons.js';

/** The byte B1: the record of a user report comes from the log. */
const LOG_MARKER = '\u00b1';
const CODES = /^[PCBU][0-9A-F]{4}( +[PCBU][0-9A-F]{4})*$/;

/** The text as it counts for the identity of a record: the marker says how it was sent, not what was recorded. */
export function textKeyOf(text: string): string {
  const key = trimText(text);
  return key === LOG_MARKER ? '' : key;
}

/** Writes what the text says. */
export function applyText(text: string, reason: number, r: Report): void {
  const message = trimText(text);
  if (message === '') return;
  if (message === LOG_MARKER) {
    r.message_buffered_status = true;
    return;
  }
  r.driver_message = message;
  if (reason === REASON_PENDING_CODES) {
    if (r.strings === NO_MAP) r.strings = {};
    r.strings['can.pending.dtc'] = message;
  }
  if (reason === REASON_TROUBLE_CODES && CODES.test(message)) r.can_dtc = message.split(/ +/).map(troubleCode);
}

const troubleCode = (code: string): TroubleCode => ({
  standard: 'OBDII',
  code,
  spn: null,
  fmi: null,
  cm: null,
  oc: null,
});

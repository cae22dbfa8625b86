/** Reports that answer a command: their reason says that they were asked for. */
import type { Report } from '../catalogue/report.generated.js';
import { reportCorrelation, type CommandResponse } from '../protocol.js';

/** Reason of the report → the protocol's name of the command. */
const ANSWERED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  astra: { position_on_demand: 'POLL' },
  atrack: { position_query: 'GPOS', trouble_codes: 'GDTC', pending_trouble_codes: 'GDTC' },
};
/** A report that is older than this when it arrives was asked for by somebody else, some time ago. */
export const ON_DEMAND_AGE_MAX_US = 300_000_000;

export interface ReportAnswer {
  readonly response: CommandResponse;
  readonly correlation: string;
}

/** Null: it answers nothing. A stored report answers nothing either: it was made long before. */
export function answerOfReport(report: Report): ReportAnswer | null {
  if (report.report_reasons.length === 0) return null;
  const commands = ANSWERED[report.protocol];
  if (commands === undefined) return null;
  for (const reason of report.report_reasons) {
    const command = commands[reason];
    if (command === undefined || report.message_buffered_status === true) continue;
    if (report.received_at - report.timestamp > ON_DEMAND_AGE_MAX_US) continue;
    return { response: { command, outcome: 'ok' }, correlation: reportCorrelation(command) };
  }
  return null;
}

/** What frames say of commands and settings: answers for the dispatcher to correlate, and parameters that a device reported. */
import { answerOfReport } from '@fleetwire/protocols';
import type { CommandReport, RawFrame, Setting } from '@fleetwire/schemas';
import type { FrameAt, FrameOutcome } from './decode-frame.js';
import { answerReport } from './records.js';

/** JT808's answer to both parameter queries. */
const PARAMETERS = '0x8104';

/** Answers of one frame, in its order: responses, then reports that were asked for. A second decoding of a frame answers nothing. */
export function answersOf(raw: RawFrame, at: FrameAt, outcome: FrameOutcome): readonly CommandReport[] {
  const answers = outcome.responses.map((response, index) =>
    answerReport(raw, at, index, response, outcome.protocol.correlationOf(response)),
  );
  for (const [index, report] of outcome.reports.entries()) {
    const answer = report.revision === 0 ? answerOfReport(report) : null;
    if (answer !== null)
      answers.push({ ...answerReport(raw, at, index, answer.response, answer.correlation), answer: 'report' });
  }
  return answers;
}

/**
 * Parameters that a JT808 terminal reported: the reported side of its settings. Each answer is written as it comes, in order, so that
 * nothing of them is kept here; none of them changes decoding.
 */
export function reportedParameters(raw: RawFrame, at: FrameAt, outcome: FrameOutcome): readonly Setting[] {
  if (outcome.protocol.id !== 'jt808') return [];
  return outcome.responses.flatMap(({ command, values }) => {
    if (command !== PARAMETERS || values === undefined) return [];
    return (values as readonly { readonly id: string; readonly value: string | number }[]).map(({ id, value }) => ({
      ident: raw.ident,
      name: id,
      side: 'reported' as const,
      value: JSON.stringify(value),
      at: raw.received_at,
      by: null,
      command_id: null,
      source: 'reply',
      source_offset: at.offset,
      history: [],
      waiting: [],
      waiting_dropped: 0,
    }));
  });
}

import { describe, expect, it } from 'vitest';
import { Report } from '../catalogue/report.generated.js';
import { applyText } from './text.js';

function said(text: string, reason: number): Report {
  const report = new Report();
  applyText(text, reason, report);
  return report;
}

describe('the text message', () => {
  it('is trimmed, and nothing is left of an empty one', () => {
    expect(said(' job 17 \x1a', 3).driver_message).toBe('job 17');
    expect(said(' \x1a\0', 3).driver_message).toBeNull();
  });

  it('of a fuel sensor stays text', () => {
    expect(said('FULS:F=03FF t=1B N=01A5', 2).driver_message).toBe('FULS:F=03FF t=1B N=01A5');
  });

  it('holds trouble codes under report id 22, and pending ones under 23', () => {
    expect(said('P0101 P0100 ', 22).can_dtc?.map((c) => c.code)).toEqual(['P0101', 'P0100']);
    expect(said('P0101 P0100 ', 23).strings['can.pending.dtc']).toBe('P0101 P0100');
    expect(said('P0101', 2).can_dtc).toBeNull();
    expect(said('no codes', 22).can_dtc).toBeNull();
  });

  it('of the single byte B1 marks a record from the log', () => {
    const report = said('\u00b1', 101);
    expect(report.message_buffered_status).toBe(true);
    expect(report.driver_message).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { atrack } from './index.js';
import { asciiFrame, binaryFrame, keepAliveFrame, pictureFrames, replyLine } from './simulate.js';
import { NOW_MS, UNIT, recordOf } from './testing.js';
import type { DeviceSettings } from '../protocol.js';

const explain = (frame: Uint8Array, settings: DeviceSettings = {}) =>
  atrack.explain({ frame, ident: UNIT, context: {}, receivedAtUs: NOW_MS * 1000, settings });
/** Bytes that no row covers. */
const uncovered = (frame: Uint8Array, settings: DeviceSettings = {}): number =>
  frame.length - explain(frame, settings).reduce((sum, row) => sum + row.length, 0);

describe('the byte map', () => {
  const records = [0, 60].map((s) =>
    recordOf({ rtc: 1_700_000_001 + s, driver: 'AB', text: 'hi', custom: { SA: 9, MV: 131, VN: 'X' } }),
  );

  it('names every byte of a binary frame, custom fields included, in order and without overlap', () => {
    for (const form of ['%CI%SA%MV%VN', '%SA%MV%VN']) {
      const frame = binaryFrame({ unitId: UNIT, sequence: 5, form, records });
      const rows = explain(frame, { form });
      expect(uncovered(frame, { form })).toBe(0);
      for (let i = 1; i < rows.length; i++) expect(rows[i]!.offset).toBe(rows[i - 1]!.offset + rows[i - 1]!.length);
      expect(rows.find((r) => r.field === 'unit_id')?.value).toBe(UNIT);
      expect(rows.filter((r) => r.field === 'record[1].custom.MV')).toMatchObject([{ raw: '0083', unit: 'V' }]);
      expect(rows.find((r) => r.field === 'record[0].text')?.value).toBe('hi');
    }
  });

  it('shows what it does not know as raw', () => {
    const frame = binaryFrame({ unitId: UNIT, sequence: 5, form: '%SA%MV', records });
    expect(explain(frame).filter((r) => r.field.endsWith('.custom.raw'))).toHaveLength(2);
    expect(uncovered(frame)).toBe(0);
  });

  it('covers keep-alives, pictures, answers and ASCII fields', () => {
    for (const frame of [
      keepAliveFrame(UNIT, 1),
      replyLine('OK'),
      ...pictureFrames(UNIT, 1, 2, new Uint8Array(9), 9, 0),
    ])
      expect(uncovered(frame)).toBe(0);
    const rows = explain(asciiFrame({ unitId: UNIT, sequence: 77, form: '%SA', records }));
    expect(rows.find((r) => r.field === 'sequence')?.value).toBe(77);
    expect(rows.filter((r) => r.field === 'record[1].custom[0]')).toHaveLength(1);
  });
});

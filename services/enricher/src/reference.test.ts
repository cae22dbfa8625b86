/** The page for users names everything that the code can say, with its defaults. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ALARMS } from './events/alarm-table.js';
import { HARSH } from './events/harsh.js';
import { DEFAULT_THRESHOLDS } from './fold/thresholds.js';

const page = await readFile(new URL('../../../docs/reference/events.md', import.meta.url), 'utf8');
/** Lines without the blanks of the table's layout. */
const rows = page.split('\n').map((line) => line.replaceAll(/ +/g, ' '));

describe('docs/reference/events.md', () => {
  it('has a row for each event that devices find, with its parameter and behaviour in each protocol', () => {
    for (const { event, of } of ALARMS) {
      const cells = (['astra', 'h02', 'jt808', 'atrack'] as const).map((protocol) => {
        const source = of[protocol];
        if (source === undefined) return '';
        const [parameter, mode, inverted] = source;
        return `\`${parameter}\` ${inverted === undefined ? '' : 'false '}${mode}`;
      });
      expect(rows).toContain(`| \`${event}\` | ${cells.join(' | ')} |`.replaceAll(/ +/g, ' '));
    }
  });

  it('names each threshold with its default, and each event of the fold', () => {
    for (const [name, value] of Object.entries(DEFAULT_THRESHOLDS))
      expect(rows).toContain(`| \`${name}\` | ${value} |`);
    for (const event of HARSH) expect(page).toContain(`\`${event}\``);
  });
});

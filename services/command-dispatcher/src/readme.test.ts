/** The table of the README is that of the code; what all services have is listed once, elsewhere. */
import { readFileSync } from 'node:fs';
import { commonVariables, readTable, variableTable } from '@fleetwire/service';
import { expect, it } from 'vitest';
import { definition } from './config.js';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('lists every variable of this service as loadConfig reads it', () => {
  const common: readonly unknown[] = Object.values(commonVariables('command-dispatcher', 9204)).map((one) => one.name);
  const own = definition.table.filter(({ variable }) => !common.includes(variable));
  expect(own.length).toBeGreaterThan(0);
  expect(readTable(README, 'variable')).toEqual(readTable(variableTable(own).join('\n'), 'variable'));
});

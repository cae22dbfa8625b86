/** Alerts and recordings can be read, and an alert leads to its page. */
import { at, rowsOf, textOf } from '../json.js';
import { problem, type Problem } from '../manifest.js';
import { readPromql } from '../promql.js';
import type { Rule } from './rule.js';

export const readsRules: Rule = (world) =>
  world.ofKind('PrometheusRule').flatMap((manifest) =>
    rowsOf(at(manifest.body, 'spec', 'groups')).flatMap((group) =>
      rowsOf(group.row['rules']).flatMap(({ index, row }) => {
        const field = `spec.groups[${group.index}].rules[${index}]`;
        const problems: Problem[] = [];
        const { error } = readPromql(textOf(row['expr']) ?? '');
        if (error !== null) problems.push(problem(manifest, `${field}.expr`, error));
        if (row['alert'] !== undefined && textOf(at(row, 'annotations', 'runbook_url')) === null)
          problems.push(problem(manifest, `${field}.annotations.runbook_url`, 'is missing'));
        return problems;
      }),
    ),
  );

/** PromQL as far as the checks need it: whether it can be read, and which metrics it names. */
import { parser } from '@prometheus-io/lezer-promql';

export interface Expression {
  /** Null: it can be read. */
  readonly error: string | null;
  /** Metrics with the values that their labels are compared with, in order of appearance. */
  readonly selectors: readonly Selector[];
}
export interface Selector {
  readonly metric: string;
  readonly labels: readonly Matcher[];
}
export interface Matcher {
  readonly name: string;
  readonly operator: string;
  readonly value: string;
}

/** Reads an expression. What cannot be read still gives the selectors that were found. */
export function readPromql(text: string): Expression {
  let error: string | null = null;
  const selectors: { metric: string; labels: Matcher[] }[] = [];
  const parts = { name: '', operator: '' };
  parser.parse(text).iterate({
    enter: (node) => {
      const source = text.slice(node.from, node.to);
      if (node.type.isError) error ??= `cannot be read at character ${node.from + 1}`;
      else if (node.name === 'VectorSelector') selectors.push({ metric: '', labels: [] });
      else if (node.name === 'Identifier') {
        const last = selectors.at(-1);
        if (last?.metric === '') last.metric = source;
      } else if (node.name === 'LabelName') parts.name = source;
      else if (node.name === 'MatchOp') parts.operator = source;
      else if (node.name === 'StringLiteral' && node.node.parent?.name === 'UnquotedLabelMatcher')
        selectors.at(-1)?.labels.push({ ...parts, value: source.slice(1, -1) });
    },
  });
  return { error, selectors };
}

const WINDOW = '5m';

/** Puts values in the place of Grafana's variables, which a PromQL parser does not know. */
export function withoutGrafana(text: string): string {
  return text.replaceAll(/\$__(rate_)?interval|\$__range/g, WINDOW).replaceAll(/\$\{?[a-z_]+(:\w+)?\}?/g, '.*');
}

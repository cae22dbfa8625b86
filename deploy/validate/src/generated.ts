/** Every file under deploy/ and docs/ that is made from what the services say of themselves; a test compares them with what is committed. */
import { kafkaTopics, kafkaUsers, yamlOf } from './kafka.js';
import { DASHBOARDS } from './ops/dashboards.js';
import { PROMETHEUS_RULE, RULES_FILE } from './ops/rules.js';
import { metricsPage } from './ops/services.js';
import { topicsPage } from './topics-page.js';

export interface GeneratedFile {
  /** In the repository. */
  readonly path: string;
  readonly text: string;
}

const TOPICS_SOURCE = 'libs/streaming/src/topics.ts';
const RULES_SOURCE = 'deploy/validate/src/ops';

export function generatedFiles(): readonly GeneratedFile[] {
  return [
    { path: 'deploy/k8s/kafka/production/topics.generated.yaml', text: yamlOf(TOPICS_SOURCE, kafkaTopics()) },
    { path: 'deploy/k8s/kafka/production/users.generated.yaml', text: yamlOf(TOPICS_SOURCE, kafkaUsers()) },
    {
      path: 'deploy/k8s/components/monitoring/prometheus-rule.generated.yaml',
      text: yamlOf(RULES_SOURCE, [PROMETHEUS_RULE]),
    },
    { path: 'deploy/k8s/tests/rules.generated.yaml', text: yamlOf(RULES_SOURCE, [RULES_FILE]) },
    { path: 'docs/runbooks/metrics.md', text: metricsPage() },
    { path: 'docs/reference/topics.md', text: topicsPage() },
    ...DASHBOARDS.map((dashboard) => ({
      path: `deploy/grafana/${dashboard.file}.json`,
      text: `${JSON.stringify(dashboard.body, null, 2)}\n`,
    })),
  ];
}

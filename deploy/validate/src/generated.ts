/** Every file under deploy/ that is made from code; a test compares them with what is committed. */
import { kafkaTopics, kafkaUsers, yamlOf } from './kafka.js';

export interface GeneratedFile {
  /** In the repository. */
  readonly path: string;
  readonly text: string;
}

const TOPICS_SOURCE = 'libs/streaming/src/topics.ts';

export function generatedFiles(): readonly GeneratedFile[] {
  return [
    { path: 'deploy/k8s/kafka/production/topics.generated.yaml', text: yamlOf(TOPICS_SOURCE, kafkaTopics()) },
    { path: 'deploy/k8s/kafka/production/users.generated.yaml', text: yamlOf(TOPICS_SOURCE, kafkaUsers()) },
  ];
}

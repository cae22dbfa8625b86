import { kafkaProperties } from './kafka-properties.js';
import { APICURIO_IMAGE, CLUSTER_ID, KAFKA_IMAGE } from './versions.js';

/** What a container is made of; pure, so that it can be looked at without an engine. */
export interface ContainerPlan {
  readonly name: string;
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly container: number; readonly host: number }[];
  /** Our folder to theirs; ours is made writable for the image's user first. */
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
  /** A line of its log that says it is up. */
  readonly readyLine: RegExp;
}

const KAFKA_DATA = '/var/lib/kafka/data';
const REGISTRY_DATA = '/data';
const REGISTRY_PORT = 8080;
/** Seen only inside the container. */
const CONTROLLER_PORT = 9093;

/** The image reads `KAFKA_` and the property's name in capitals, dots as underscores. None of ours has a dash or an underscore of its own. */
export function kafkaEnvironment(properties: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [`KAFKA_${key.toUpperCase().replaceAll('.', '_')}`, value]),
  );
}

/**
 * The broker listens inside on the port that it has outside, so that the address it advertises is right for clients on this machine and for the broker
 * itself, which sends transaction markers through its own listener.
 */
export function kafkaContainer(plan: { dataDir: string; port: number; quick: boolean }): ContainerPlan {
  const node = { id: 1, port: plan.port, controllerPort: CONTROLLER_PORT };
  const properties = kafkaProperties({ node, nodes: [node], logDir: KAFKA_DATA, quick: plan.quick });
  return {
    name: 'broker',
    image: KAFKA_IMAGE,
    environment: {
      ...kafkaEnvironment(properties),
      // Published ports come in on the container's own address, not on its loopback.
      KAFKA_LISTENERS: `PLAINTEXT://0.0.0.0:${plan.port},CONTROLLER://127.0.0.1:${CONTROLLER_PORT}`,
      KAFKA_HEAP_OPTS: '-Xms256m -Xmx512m',
      CLUSTER_ID,
    },
    ports: [{ container: plan.port, host: plan.port }],
    mounts: [{ source: plan.dataDir, target: KAFKA_DATA }],
    readyLine: /Kafka Server started/,
  };
}

export function registryContainer(plan: { dataDir: string; port: number }): ContainerPlan {
  return {
    name: 'registry',
    image: APICURIO_IMAGE,
    environment: {
      APICURIO_STORAGE_KIND: 'sql',
      APICURIO_STORAGE_SQL_KIND: 'h2',
      APICURIO_DATASOURCE_URL: `jdbc:h2:file:${REGISTRY_DATA}/registry;AUTO_SERVER=FALSE`,
      APICURIO_REST_DELETION_ARTIFACT_ENABLED: 'true',
      QUARKUS_HTTP_PORT: String(REGISTRY_PORT),
    },
    ports: [{ container: REGISTRY_PORT, host: plan.port }],
    mounts: [{ source: plan.dataDir, target: REGISTRY_DATA }],
    readyLine: /Installed features/,
  };
}

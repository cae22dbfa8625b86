/** What runs on one machine, and where it stands by default. The poms beside this package pin the same versions; a test compares them. */

export const KAFKA_VERSION = '4.3.1';
export const APICURIO_VERSION = '3.3.3';
export const KAFKA_IMAGE = `apache/kafka:${KAFKA_VERSION}`;
export const APICURIO_IMAGE = `apicurio/apicurio-registry:${APICURIO_VERSION}`;

/** Class files of these releases: an older Java cannot load them. */
export const JAVA_FOR_KAFKA = 17;
export const JAVA_FOR_APICURIO = 21;

/** 16 bytes in base64 without padding, as Kafka wants its cluster ids. Fixed, so that data of one start fits the next. */
export const CLUSTER_ID = 'RmxlZXR3aXJlTG9jYWwwMQ';

/** Ports of `fleetwire up`; when one is taken another free one is chosen and said. */
export const DEFAULT_BROKER_PORT = 19092;
export const DEFAULT_CONTROLLER_PORT = 19093;
export const DEFAULT_REGISTRY_PORT = 18081;

/** Everything local listens on the loopback only. */
export const LOOPBACK = '127.0.0.1';

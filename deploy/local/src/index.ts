export { startBroker, type Broker, type BrokerOptions, type NodeSettings } from './broker.js';
export { startCluster, type Cluster, type ClusterOptions } from './cluster.js';
export { startRegistry, registryAnswers, registryUrl, type Registry, type RegistryOptions } from './registry.js';
export { Child, describeExit, type ChildOptions, type Exit } from './child.js';
export { LOCAL_ERROR_CODES, LocalError, type LocalErrorCode, type Say } from './errors.js';
export { askCluster, type ClusterView } from './metadata.js';
export { commandLine, isAlive } from './process-table.js';
export { freePort, freePorts, portIsFree, requirePort, until } from './wait.js';
export * from './versions.js';

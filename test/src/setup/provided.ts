/** What the global setup hands to every integration test: `inject('brokers')`, `inject('registry')`. */
declare module 'vitest' {
  export interface ProvidedContext {
    /** Bootstrap addresses of the broker that all tests of a run share; each test uses topics and groups of its own. */
    readonly brokers: readonly string[];
    /** Root of the schema registry's Confluent-compatible interface; all schemas are registered. */
    readonly registry: string;
  }
}

export {};

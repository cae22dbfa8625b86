/** Errors of schemas and their registry. `retriable` says whether the same call may succeed later without anyone acting. */
export const SCHEMA_ERROR_CODES = [
  'unknown_schema', // a writer id that this process has not learnt: call learn(schemaId), then decode again
  'malformed_value', // not Confluent framing, or not what its schema says
  'incompatible_writer', // the writer's schema cannot be read by ours
  'registry_unavailable', // no connection, a time-out, or 5xx
  'schema_not_found', // the registry does not know the id or the subject
  'incompatible_schema', // the registry refused a version (409)
  'registry_refused', // any other answer
] as const;
export type SchemaErrorCode = (typeof SCHEMA_ERROR_CODES)[number];

export class SchemaError extends Error {
  constructor(
    readonly code: SchemaErrorCode,
    message: string,
    readonly retriable: boolean,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'SchemaError';
  }
}

/** A value was written with a schema that this process has not learnt. `learn(schemaId)`, then decode again. */
export class UnknownSchema extends SchemaError {
  constructor(readonly schemaId: number) {
    super('unknown_schema', `schema ${schemaId} is not learnt yet`, true);
    this.name = 'UnknownSchema';
  }
}

/** Bytes that are no value of the topic: dead-letter them. `topic` says whose schema was expected. */
export class MalformedValue extends SchemaError {
  constructor(
    readonly topic: string,
    reason: string,
    cause?: unknown,
  ) {
    super('malformed_value', `a value of ${topic} ${reason}`, false, cause);
    this.name = 'MalformedValue';
  }
}

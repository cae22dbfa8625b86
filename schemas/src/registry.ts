/** The few calls of the Confluent-compatible registry interface that are needed, over HTTP. Every call is bounded in time. */
import { SchemaError } from './errors.js';

/** Longest wait for one answer. */
export const REQUEST_TIMEOUT_MS = 5_000;
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/**
 * Client of one registry. `url` is the root of the interface, e.g. `http://127.0.0.1:8081/apis/ccompat/v7`.
 * Methods reject with SchemaError: `registry_unavailable` (retriable) when there is no answer or a 5xx one.
 */
export class Registry {
  readonly #url: string;
  constructor(
    url: string,
    private readonly requestTimeoutMs: number = REQUEST_TIMEOUT_MS,
  ) {
    this.#url = url.replace(/\/+$/, '');
  }

  async #call(method: string, path: string, body?: unknown): Promise<Answer> {
    const init: RequestInit = {
      method,
      headers: { 'content-type': MEDIA_TYPE, accept: MEDIA_TYPE },
      signal: AbortSignal.timeout(this.requestTimeoutMs),
    };
    if (body !== undefined) init.body = JSON.stringify(body);
    try {
      const response = await fetch(this.#url + path, init);
      const text = await response.text();
      if (response.status >= 500)
        throw new SchemaError('registry_unavailable', `${method} ${path}: ${response.status} ${text}`, true);
      return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
    } catch (error: unknown) {
      if (error instanceof SchemaError) throw error;
      throw new SchemaError('registry_unavailable', `${method} ${this.#url}${path}: no answer`, true, error);
    }
  }

  #refused(what: string, answer: Answer): SchemaError {
    const { message } = record(answer.body);
    const text = `${what}: ${answer.status} ${typeof message === 'string' ? message : JSON.stringify(answer.body)}`;
    if (answer.status === 404) return new SchemaError('schema_not_found', text, false);
    if (answer.status === 409) return new SchemaError('incompatible_schema', text, false);
    return new SchemaError('registry_refused', text, answer.status === 429);
  }

  #idOf(what: string, answer: Answer): number {
    const { id } = record(answer.body);
    if (answer.status !== 200 || typeof id !== 'number') throw this.#refused(what, answer);
    return id;
  }

  /** Id of a schema under a subject; rejects with `schema_not_found`. */
  async lookUp(subject: string, schema: string): Promise<number> {
    return this.#idOf(`look up ${subject}`, await this.#call('POST', `/subjects/${subject}`, { schema }));
  }

  /** Registers a version, or finds it; rejects with `incompatible_schema` when the rule of the subject forbids it. */
  async register(subject: string, schema: string): Promise<number> {
    return this.#idOf(`register ${subject}`, await this.#call('POST', `/subjects/${subject}/versions`, { schema }));
  }

  /** Text of a schema; rejects with `schema_not_found`. */
  async schemaOf(id: number): Promise<string> {
    const answer = await this.#call('GET', `/schemas/ids/${id}`);
    const { schema } = record(answer.body);
    if (answer.status !== 200 || typeof schema !== 'string') throw this.#refused(`schema ${id}`, answer);
    return schema;
  }

  /** Compatibility rule of a subject; null: none of its own. */
  async compatibilityOf(subject: string): Promise<string | null> {
    const answer = await this.#call('GET', `/config/${subject}`);
    if (answer.status === 404) return null;
    const { compatibilityLevel } = record(answer.body);
    if (answer.status !== 200 || typeof compatibilityLevel !== 'string')
      throw this.#refused(`compatibility of ${subject}`, answer);
    return compatibilityLevel;
  }

  /** Sets the rule; works before the subject exists. */
  async setCompatibility(subject: string, compatibility: string): Promise<void> {
    const answer = await this.#call('PUT', `/config/${subject}`, { compatibility });
    if (answer.status !== 200) throw this.#refused(`set compatibility of ${subject}`, answer);
  }
}

/**
 * The schema registry, through the public Confluent client, at deploy time and at the start of a service; never on the hot path. The
 * compatibility rule has no call in that client and is read and set over plain HTTP. Every call is bounded in time.
 */
import { COMPATIBILITY as RULES, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { Agent } from 'node:http';
import { SchemaError } from './errors.js';
import { agentOf, askRegistry, type RegistryAccess } from './registry-http.js';

export type { RegistryAccess } from './registry-http.js';

/** Every reader of any version reads every writer of any other. */
export const COMPATIBILITY = RULES.FULL_TRANSITIVE;
/** Longest wait for one answer. */
export const REQUEST_TIMEOUT_MS = 5_000;
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/**
 * Client of one registry. `url` is the root of the interface, e.g. `http://127.0.0.1:8081/apis/ccompat/v7`.
 * Methods reject with SchemaError: `registry_unavailable` (retriable) when there is no answer or a 5xx one.
 */
export class Registry {
  readonly #url: string;
  readonly #agent: Agent;
  #made: { readonly login: string; readonly client: SchemaRegistry } | null = null;

  constructor(
    url: string,
    private readonly requestTimeoutMs: number = REQUEST_TIMEOUT_MS,
    private readonly access: RegistryAccess = {},
  ) {
    this.#url = url.replace(/\/+$/, '');
    this.#agent = agentOf(this.#url, access);
  }

  /** The public client takes its login once: a changed one makes a new client. */
  get #client(): SchemaRegistry {
    const auth = this.access.credentials?.();
    const login = JSON.stringify(auth ?? null);
    if (this.#made?.login === login) return this.#made.client;
    // Who asks decides about asking again: a start waits and says so, a running service pauses a partition.
    const retry = { retries: 0 };
    const client = new SchemaRegistry({
      host: this.#url,
      clientId: 'fleetwire',
      retry,
      agent: this.#agent,
      ...(auth !== undefined && { auth }),
    });
    this.#made = { login, client };
    return client;
  }

  /** Id of a schema under a subject; rejects with `schema_not_found`. */
  lookUp(subject: string, schema: string): Promise<number> {
    return this.#bounded(`look up ${subject}`, () =>
      this.#client.getRegistryIdBySchema(subject, { type: SchemaType.AVRO, schema }),
    );
  }

  /**
   * Registers a version, or finds it; rejects with `incompatible_schema` when the rule of the subject forbids it. The rule must be
   * set before: the client refuses a subject whose rule is another one.
   */
  async register(subject: string, schema: string, compatibility: RULES = COMPATIBILITY): Promise<number> {
    const { id } = await this.#bounded(`register ${subject}`, () =>
      this.#client.register({ type: SchemaType.AVRO, schema }, { subject, compatibility }),
    );
    return id;
  }

  /** Text of a schema; rejects with `schema_not_found`. */
  async schemaOf(id: number): Promise<string> {
    const schema = await this.#bounded(`schema ${id}`, () => this.#client.getSchema(id));
    // For Avro the client answers with an avsc type, which knows its own schema.
    const type = schema as unknown as { schema(options: { exportAttrs: boolean }): unknown };
    return JSON.stringify(type.schema({ exportAttrs: true }));
  }

  /** Compatibility rule of a subject; null: none of its own. */
  async compatibilityOf(subject: string): Promise<string | null> {
    const { status, body } = await this.#http('GET', `/config/${subject}`);
    if (status === 404) return null;
    const { compatibilityLevel } = record(body);
    if (status !== 200 || typeof compatibilityLevel !== 'string')
      throw failure(`compatibility of ${subject}`, status, JSON.stringify(body));
    return compatibilityLevel;
  }

  /** Sets the rule; works before the subject exists. */
  async setCompatibility(subject: string, compatibility: string): Promise<void> {
    const { status, body } = await this.#http('PUT', `/config/${subject}`, { compatibility });
    if (status !== 200) throw failure(`set compatibility of ${subject}`, status, JSON.stringify(body));
  }

  async #http(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    return this.#bounded(`${method} ${path}`, async () => {
      const response = await askRegistry({
        method,
        url: this.#url + path,
        mediaType: MEDIA_TYPE,
        body: body === undefined ? null : JSON.stringify(body),
        agent: this.#agent,
        access: this.access,
        timeoutMs: this.requestTimeoutMs,
      });
      const { text } = response;
      if (response.status >= 500) throw failure(`${method} ${path}`, response.status, text);
      return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
    });
  }

  /** Bounds a call, and turns whatever it rejects with into a SchemaError. */
  async #bounded<T>(what: string, call: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new SchemaError('registry_unavailable', `${what}: no answer from ${this.#url}`, true)),
        this.requestTimeoutMs,
      );
    });
    try {
      return await Promise.race([call(), late]);
    } catch (error: unknown) {
      if (error instanceof SchemaError) throw error;
      throw failure(what, statusOf(error), error instanceof Error ? error.message : String(error), error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * HTTP status behind an error of the client; 0: there was no answer. The client drops the status of a schema that is not found, and
 * makes a 400 without a registry's message of a connection that failed.
 */
function statusOf(error: unknown): number {
  const { status, name, message } = record(error);
  if (status === 400 && typeof message === 'string' && message.includes('Error, status 400')) return 0;
  if (typeof status === 'number') return status;
  if (name === 'ConfluentSchemaRegistryError') return 404;
  return typeof name === 'string' && name.startsWith('ConfluentSchemaRegistry') ? 422 : 0;
}

/** What an HTTP status means; 0: there was no answer. */
function failure(what: string, status: number, message: string, cause?: unknown): SchemaError {
  const text = `${what}: ${status === 0 ? 'no answer' : status} ${message}`;
  if (status === 0 || status >= 500) return new SchemaError('registry_unavailable', text, true, cause);
  if (status === 404) return new SchemaError('schema_not_found', text, false, cause);
  if (status === 409) return new SchemaError('incompatible_schema', text, false, cause);
  return new SchemaError('registry_refused', text, status === 429, cause);
}

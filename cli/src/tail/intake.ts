/** Takes records one by one, learns the schemas that it does not know, and hands on JSON objects in the same order. */
import { UnknownSchema, type Codec, type SchemaTopic } from '@fleetwire/schemas';
import type { InRecord } from '@fleetwire/streaming';
import { failed } from '../errors.js';
import { renderRecord } from './render.js';

/** Records that may wait while a schema is fetched. */
const WAITING_MAX = 50_000;

export class Intake {
  readonly #codec: Codec;
  readonly #topic: SchemaTopic;
  readonly #onRecord: (rendered: Record<string, unknown>, record: InRecord) => boolean;
  #waiting: InRecord[] = [];
  #learning: Promise<void> | null = null;
  #stopped = false;
  #failure: Error | null = null;

  /** `onRecord` returns false to stop. */
  constructor(
    codec: Codec,
    topic: SchemaTopic,
    onRecord: (rendered: Record<string, unknown>, record: InRecord) => boolean,
  ) {
    this.#codec = codec;
    this.#topic = topic;
    this.#onRecord = onRecord;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** False: nothing more is wanted. */
  push(record: InRecord): boolean {
    if (this.#stopped) return false;
    if (this.#waiting.length >= WAITING_MAX)
      this.#fail(
        failed('the registry does not answer while records come', 'check the registry, then run the command again'),
      );
    else {
      this.#waiting.push(record);
      this.#drain();
    }
    return !this.#stopped;
  }

  /** Resolves when nothing waits for a schema any more; rejects with what went wrong. */
  async settled(): Promise<void> {
    while (this.#learning !== null) await this.#learning;
    if (this.#failure !== null) throw this.#failure;
  }

  #drain(): void {
    let taken = 0;
    while (!this.#stopped && this.#learning === null && taken < this.#waiting.length) {
      const record = this.#waiting[taken]!;
      let rendered: Record<string, unknown>;
      try {
        rendered = renderRecord(this.#codec, this.#topic, record);
      } catch (error) {
        if (error instanceof UnknownSchema) this.#learn(error.schemaId);
        else this.#fail(error);
        break;
      }
      taken += 1;
      if (!this.#onRecord(rendered, record)) this.#stopped = true;
    }
    this.#waiting = this.#waiting.slice(taken);
  }

  #learn(schemaId: number): void {
    this.#learning = this.#codec
      .learn(schemaId)
      .catch((error: unknown) => this.#fail(error))
      .then(() => {
        this.#learning = null;
        this.#drain();
      });
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#stopped = true;
  }
}

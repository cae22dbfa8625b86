/** Decoding from hex, the same way the services do it: the same link, the same decoders. Pure but for its result callbacks. */
import {
  DecodeRun,
  FAMILIES,
  Link,
  familyOf,
  type Detected,
  type DeviceSettings,
  type Known,
  type ProtocolId,
  type Transport,
} from '@fleetwire/protocols';

export interface DecodeOptions {
  /** Null: detect, as the shared port does. */
  readonly protocol: ProtocolId | null;
  readonly transport: Transport;
  readonly nowMs: number;
  readonly known: Known;
  readonly settings: DeviceSettings;
}

/** One line of output. A message is the flat JSON itself; everything else is wrapped under its kind. */
export interface Outcomes {
  readonly messages: readonly Record<string, unknown>[];
  readonly responses: readonly unknown[];
  readonly rejected: readonly unknown[];
  readonly replies: readonly string[];
  readonly context: Readonly<Record<string, unknown>>;
  readonly detected: Detected | null;
}

/** One connection: chunks in, and what came out since the last call. */
export class Connection {
  readonly #link: Link;
  readonly #run: DecodeRun;
  #seen = { messages: 0, responses: 0, rejected: 0, replies: 0 };

  constructor(options: DecodeOptions) {
    const families = options.protocol === null ? FAMILIES : [familyOf(options.protocol)];
    this.#link = new Link({ families, transport: options.transport, known: options.known });
    this.#run = new DecodeRun(this.#link, options.nowMs, options.transport, options.settings);
  }

  push(chunk: Uint8Array): Outcomes {
    this.#link.push(chunk);
    return this.#news();
  }

  /** The connection closes: what is left over is refused. */
  end(): Outcomes {
    this.#link.end();
    return this.#news();
  }

  #news(): Outcomes {
    this.#run.drain();
    const { messages, responses, rejected, replies, context } = this.#run.output('');
    const seen = this.#seen;
    this.#seen = {
      messages: messages.length,
      responses: responses.length,
      rejected: rejected.length,
      replies: replies.length,
    };
    return {
      messages: messages.slice(seen.messages),
      responses: responses.slice(seen.responses),
      rejected: rejected.slice(seen.rejected),
      replies: replies.slice(seen.replies),
      context,
      detected: this.#link.detected,
    };
  }
}

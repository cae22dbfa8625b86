/** Records of the enricher's topics. */
import type { Codec, Duplicate, Enrichment, FleetEventDraft, Telemetry } from '@fleetwire/schemas';
import type { InRecord, OutRecord } from '@fleetwire/streaming';
import type { Published } from './corrections.js';
import { STATE_FORMAT } from './device-state.js';

export const TELEMETRY = 'telemetry';
export const STATE_TOPIC = 'enricher-state';

/** What the shell knows of an output. */
export interface Stamp {
  readonly ident: string;
  readonly tenant: string | null;
  /** Receipt time of the report that made it, or the timer's, µs. */
  readonly emittedUs: number;
  readonly protocol: string | null;
}

/** The body of an output with all that the shell knows. The body is used up: copying it costs as much as writing it. */
function stamped<T extends Published, M extends object>(
  { body, published, cause }: T,
  more: M,
  { ident, tenant, emittedUs }: Stamp,
): T['body'] &
  M & { ident: string; tenant: string | null; revision: number; cause: string | null; emitted_at: number } {
  return Object.assign(body, { ident, tenant, revision: published, cause, emitted_at: emittedUs }, more);
}

export class Publisher {
  constructor(
    private readonly codec: Codec,
    private readonly partition: number,
  ) {}

  /** A record of `events` or `trips`. */
  output(output: Published, stamp: Stamp, timestampMs?: number): OutRecord {
    const { ident } = stamp;
    const value =
      output.topic === 'trips'
        ? this.codec.encode('trips', stamped(output, { trip_id: output.id }, stamp))
        : this.codec.encode(
            'events',
            stamped(output, { event_id: output.id, protocol: output.body.protocol ?? stamp.protocol }, stamp),
          );
    return this.#keyed(output.topic, ident, output.id, value, timestampMs);
  }

  /** An event of the server's own. */
  event(event: Omit<FleetEventDraft, 'source'>): OutRecord {
    const value = this.codec.encode('events', { ...event, source: 'server' });
    return this.#keyed('events', event.ident, event.event_id, value);
  }

  #keyed(topic: 'events' | 'trips', ident: string, id: string, value: Buffer, timestampMs?: number): OutRecord {
    const when = timestampMs === undefined ? {} : { timestampMs };
    return { topic, key: `${ident}|${id}`, partitionKey: ident, partition: this.partition, value, ...when };
  }

  /**
   * Value of telemetry-enriched, and of device-state. `source`: the report's bytes as they came; `shown`: it has become another
   * one since (input map, privacy), null: it has not.
   */
  enrichedValue(source: Buffer, shown: Telemetry | null, enrichment: Enrichment): Buffer {
    // Appends to the bytes where the writer's schema is ours; encodes otherwise (rolling upgrades).
    const appended = shown === null ? this.codec.appendEnrichment(source, enrichment) : null;
    if (appended !== null) return appended;
    return this.codec.encode('telemetry-enriched', { ...(shown ?? this.codec.decode(TELEMETRY, source)), enrichment });
  }

  enriched(ident: string, value: Buffer, { timestampMs, headers }: InRecord): OutRecord {
    const { partition } = this;
    const topic = 'telemetry-enriched';
    const { traceparent } = headers;
    if (traceparent === undefined) return { topic, key: ident, partition, value, timestampMs };
    // The trace of the frame goes on with its report.
    return { topic, key: ident, partition, value, timestampMs, headers: { traceparent } };
  }

  /** `enriched`: the newest report's value. `timestampMs`: of its record; absent: now. */
  deviceState(ident: string, enriched: Buffer, timestampMs?: number): OutRecord {
    const value = this.codec.relabel(enriched, 'device-state');
    const { partition } = this;
    return timestampMs === undefined
      ? { topic: 'device-state', key: ident, partition, value }
      : { topic: 'device-state', key: ident, partition, value, timestampMs };
  }

  duplicate(report: Telemetry, cause: Duplicate['cause']): OutRecord {
    const value = this.codec.encode('duplicates', {
      message_id: report.message_id,
      revision: report.revision,
      ident: report.ident,
      tenant: report.tenant,
      timestamp: report.timestamp,
      device_time: report.device_time,
      received_at: report.received_at,
      protocol: report.protocol,
      peer: report.peer,
      frame_ref: report.frame_ref,
      cause,
    });
    return { topic: 'duplicates', key: report.ident, partition: this.partition, value };
  }

  /** `part`: '' is the device itself, others are of its log. `payload` null: it has ended. */
  state(ident: string, part: string, payload: Buffer | null): OutRecord {
    const value =
      payload === null
        ? null
        : this.codec.encode(STATE_TOPIC, { kind: 'state', ident, part, format: STATE_FORMAT, payload });
    const key = part === '' ? ident : `${ident}|${part}`;
    return { topic: STATE_TOPIC, key, partitionKey: ident, partition: this.partition, value };
  }
}

/**
 * When to ask an ATrack device for its report format:
 * - its format is unknown, or its frames do not fit it (any more): at most once an hour;
 * - it is known from an answer, and the device has connected again: once for the connection, because a change of the same length can
 *   not be seen in the bytes.
 */
import type { Command, RawFrame } from '@fleetwire/schemas';

const HOUR_US = 3_600_000_000;
/** A query that the device has not answered by then is asked again with its next frame. */
const QUERY_EXPIRY_US = 600_000_000;
/** A device that connects again and again is not asked each time. On UDP a new address is no new start of the device. */
const CHECK_INTERVAL_US = { tcp: 60_000_000, udp: HOUR_US } as const;
/** Devices whose last query is remembered; the oldest is forgotten, and its repeat is dropped by its id. */
const REMEMBERED_MAX = 100_000;

/** The report format, and the lists of a truck's buses, whose values stand behind it in each record. */
const FORM_QUERY = { word: 'FORM', id: 'form' } as const;
const BUS_QUERIES = [
  { word: 'FMSC', id: 'fmsc' },
  { word: '1708', id: '1708' },
] as const;

interface Asked {
  /** Hour of the last query for an unknown format; -1: none. */
  readonly hour: number;
  /** Connection that was asked last. */
  readonly connection: string;
  readonly atUs: number;
}
const NEVER: Asked = { hour: -1, connection: '', atUs: Number.NEGATIVE_INFINITY };

export class FormQueries {
  /** By device, oldest first. */
  readonly #asked = new Map<string, Asked>();

  /**
   * The commands to write because a frame had no format that fits; none: asked already. `known`: there is a format, so what it leaves
   * over may be the values of a bus, and those lists are asked for too. The ids hold the hour, so that a second decoder's copies are
   * the same commands.
   */
  unfit(raw: RawFrame, known: boolean): readonly Command[] {
    const hour = Math.floor(raw.received_at / HOUR_US);
    if (this.#last(raw).hour === hour) return [];
    this.#remember(raw, hour);
    const queries = known ? [FORM_QUERY, ...BUS_QUERIES] : [FORM_QUERY];
    return queries.map(({ word, id }) => command(raw, `${id}-query:${raw.ident}:${hour}`, word));
  }

  /** The command to write because a device whose format is known speaks on a new connection; null: asked already, or too soon. */
  connected(raw: RawFrame): Command | null {
    const last = this.#last(raw);
    if (last.connection === connectionOf(raw)) return null;
    if (raw.received_at - last.atUs < CHECK_INTERVAL_US[raw.transport === 'udp' ? 'udp' : 'tcp']) return null;
    this.#remember(raw, last.hour);
    return command(raw, `form-check:${raw.ident}:${connectionOf(raw)}`, FORM_QUERY.word);
  }

  /** The device has said its format on this connection, whoever asked. */
  answered(raw: RawFrame): void {
    this.#remember(raw, this.#last(raw).hour);
  }

  #last(raw: RawFrame): Asked {
    return this.#asked.get(raw.ident) ?? NEVER;
  }

  #remember(raw: RawFrame, hour: number): void {
    this.#asked.delete(raw.ident);
    this.#asked.set(raw.ident, { hour, connection: connectionOf(raw), atUs: raw.received_at });
    if (this.#asked.size > REMEMBERED_MAX) this.#asked.delete(this.#asked.keys().next().value!);
  }
}

const connectionOf = (raw: RawFrame): string => `${raw.edge}:${raw.connection}`;

function command(raw: RawFrame, id: string, word: string): Command {
  return {
    id,
    ident: raw.ident,
    name: 'custom',
    arguments: JSON.stringify({ text: `AT$${word}=?` }),
    expires_at: raw.received_at + QUERY_EXPIRY_US,
    delivery: 'at_most_once',
    condition: null,
    priority: 0,
    confirm: false,
    channel: 'connection',
    cancel_of: null,
    requested_at: raw.received_at,
    requested_by: 'decoder',
    tenant: null,
  };
}

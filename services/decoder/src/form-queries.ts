/** When to ask an ATrack device for its report format: when it is unknown, once a connection, at most once an hour. */
import type { Command, RawFrame } from '@fleetwire/schemas';

const HOUR_US = 3_600_000_000;
/** A query that the device has not answered by then is asked again with its next frame. */
const QUERY_EXPIRY_US = 600_000_000;
/** Devices whose last query is remembered; the oldest is forgotten, and its repeat is dropped by its id. */
const REMEMBERED_MAX = 100_000;

export class FormQueries {
  /** Device → connection and hour of its last query, oldest first. */
  readonly #asked = new Map<string, string>();

  /** The command to write, or null: asked already. Its id holds the hour, so that a second decoder's copy is the same command. */
  query(raw: RawFrame): Command | null {
    const hour = Math.floor(raw.received_at / HOUR_US);
    const mark = `${hour}`;
    if (this.#asked.get(raw.ident) === mark) return null;
    this.#asked.delete(raw.ident);
    this.#asked.set(raw.ident, mark);
    if (this.#asked.size > REMEMBERED_MAX) this.#asked.delete(this.#asked.keys().next().value!);
    return {
      id: `form-query:${raw.ident}:${hour}`,
      ident: raw.ident,
      name: 'custom',
      arguments: JSON.stringify({ text: 'AT$FORM=?' }),
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
}

/** A server for the tests of simulated devices: the product's own framing and decoding, acknowledging at once. */
import type { Report } from '../catalogue/report.generated.js';
import { Link } from '../link.js';
import type { CommandResponse, DeviceSettings, Protocol, Rejection, Transport } from '../protocol.js';

export class TestServer {
  /** Those with a position: a JT808 registration is a report too, but no reading. */
  readonly reports: Report[] = [];
  readonly responses: CommandResponse[] = [];
  readonly rejected: (Rejection | { readonly reason: string })[] = [];
  readonly #protocol: Protocol;
  readonly #transport: Transport;
  readonly #settings: DeviceSettings;
  #link: Link;

  constructor(protocol: Protocol, transport: Transport, settings: DeviceSettings = {}) {
    this.#protocol = protocol;
    this.#transport = transport;
    this.#settings = settings;
    this.#link = this.#open();
  }

  get ident(): string | null {
    return this.#link.ident;
  }

  /** The device dials again. */
  reopen(): void {
    this.#link = this.#open();
  }

  /** Takes what a device wrote; returns the replies, one for each frame that has one. */
  take(writes: readonly Uint8Array[], nowMs: number): Uint8Array[] {
    const replies: Uint8Array[] = [];
    const env = { nowMs, transport: this.#transport, settingsOf: () => this.#settings };
    for (const bytes of writes) {
      this.#link.push(bytes);
      for (let item = this.#link.next(env); item !== null; item = this.#link.next(env)) {
        if (item.kind === 'refused') {
          this.rejected.push({ reason: item.reason });
          continue;
        }
        const { accepted } = item;
        if (accepted.reply !== null) replies.push(accepted.reply);
        if (accepted.kind === 'reject') {
          this.rejected.push(accepted.rejection);
          continue;
        }
        const decoded = this.#protocol.decode({
          frame: item.bytes,
          ident: accepted.ident,
          context: accepted.context,
          receivedAtUs: nowMs * 1_000,
          settings: this.#settings,
        });
        this.reports.push(...decoded.reports.filter((report) => report.position_latitude !== null));
        this.responses.push(...decoded.responses);
        this.rejected.push(...decoded.rejected);
      }
    }
    return replies;
  }

  /** Words a command for the device of this connection. */
  command(name: string, args: Readonly<Record<string, unknown>>, nowMs: number): Uint8Array {
    const encoded = this.#link.encode({ name, args }, { nowMs });
    if (encoded.kind === 'error') throw new Error(`${encoded.field}: ${encoded.remedy}`);
    return encoded.bytes;
  }

  #open(): Link {
    const family = { id: 'astra' as const, protocols: [this.#protocol] };
    return new Link({ families: [family], transport: this.#transport });
  }
}

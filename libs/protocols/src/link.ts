/**
 * The connection core that every protocol shares: buffering, the framing loop, the dialect switch inside a family, and detection
 * on the shared port. Pure: bytes in, items out; the shell owns sockets, timers and clocks.
 *
 * Invariants:
 * - Items come in wire order, whatever the chunking.
 * - Unread bytes never exceed the protocol's `frameBytesMax` plus one chunk.
 * - Detection decides once, from at most DETECT_BYTES_MAX bytes; a prefix never decides wrongly, it only waits.
 * - Once broken (`close`), a link stays so and reads nothing more.
 */
import type {
  AcceptEnv,
  Accepted,
  Command,
  Detection,
  EncodeEnv,
  Encoded,
  Family,
  FrameView,
  Known,
  LinkState,
  Protocol,
  ProtocolId,
  RejectReason,
  Transport,
} from './protocol.js';

/** Bytes after which a connection on the shared port must have said what it speaks. */
export const DETECT_BYTES_MAX = 4096;

/** What the connection speaks, and which of its bytes said so: [start, end) from its first byte. */
export interface Detected {
  readonly family: Family;
  readonly protocol: ProtocolId;
  readonly start: number;
  readonly end: number;
  readonly because: string;
}

export type LinkItem =
  /** A frame and what to do with it. `bytes` is a view that the next `push` may overwrite. */
  | { readonly kind: 'frame'; readonly protocol: Protocol; readonly bytes: Uint8Array; readonly accepted: Accepted }
  /** Bytes that made no frame. With `close` nothing more can be read from this connection. */
  | {
      readonly kind: 'refused';
      readonly protocol: ProtocolId | null;
      readonly bytes: Uint8Array;
      readonly reason: RejectReason;
      readonly close: boolean;
    };

export interface LinkOptions {
  /** One family: its own port. Several: the shared port, which detects. */
  readonly families: readonly Family[];
  readonly transport: Transport;
  readonly known?: Known;
}

/** One view a link, because it asks a protocol for every frame; a protocol keeps nothing of it. */
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Speaker {
  readonly protocol: Protocol;
  readonly state: LinkState;
}

type Fields = Record<string, unknown>;
/** A device that spoke on the connection, as a command names it. */
export interface Addressee {
  readonly speaker: Speaker;
  readonly fields: Readonly<Fields>;
}

const EMPTY = new Uint8Array(0);

export class Link {
  readonly #families: readonly Family[];
  readonly #transport: Transport;
  readonly #known: Known | undefined;
  #speakers: readonly Speaker[] = [];
  #current: Speaker | null = null;
  #detected: Detected | null = null;
  #ident: string | null;
  readonly #window: Mutable<FrameView>;
  #bytes: Uint8Array = EMPTY;
  /** True when #bytes was allocated here and may be written behind #to. */
  #owned = false;
  #from = 0;
  #to = 0;
  #final = false;
  #ended = false;
  #broken = false;
  #silenceMs: number | null = null;

  constructor(options: LinkOptions) {
    this.#families = options.families;
    this.#transport = options.transport;
    this.#known = options.known;
    this.#window = { bytes: EMPTY, from: 0, to: 0, final: false, transport: options.transport };
    this.#ident = options.known?.ident ?? null;
    if (options.families.length === 1) this.#speak(options.families[0]!);
  }

  /** The device that spoke last, or null. */
  get ident(): string | null {
    return this.#ident;
  }
  /** Protocol of the last frame; null before the first. */
  get protocol(): Protocol | null {
    return this.#current?.protocol ?? null;
  }
  /** Set once detection has decided; null on a protocol's own port. */
  get detected(): Detected | null {
    return this.#detected;
  }
  /** After this silence call `silence()`; null: just wait for bytes. Valid after `next` returned null. */
  get silenceMs(): number | null {
    return this.#silenceMs;
  }
  get pendingBytes(): number {
    return this.#to - this.#from;
  }
  get broken(): boolean {
    return this.#broken;
  }

  /** Appends a read of the stream, or one datagram. Invalidates views given out before. */
  push(chunk: Uint8Array): void {
    if (this.#broken) return;
    this.#final = this.#transport === 'udp';
    const unread = this.#to - this.#from;
    if (unread === 0 || (unread === 1 && this.#settled(chunk))) {
      this.#bytes = chunk;
      this.#owned = false;
      this.#from = 0;
      this.#to = chunk.length;
      return;
    }
    const wanted = unread + chunk.length;
    if (!this.#owned || this.#to + chunk.length > this.#bytes.length) {
      // Doubling keeps the copying linear in what was sent, however small a client cuts its chunks.
      const room = this.#owned && wanted <= this.#bytes.length ? this.#bytes : new Uint8Array(wanted * 2);
      room.set(this.#bytes.subarray(this.#from, this.#to));
      this.#bytes = room;
      this.#owned = true;
      this.#from = 0;
      this.#to = unread;
    }
    this.#bytes.set(chunk, this.#to);
    this.#to += chunk.length;
  }

  /** The silence that `silenceMs` asked for has passed: what waits is judged as it stands. */
  silence(): void {
    this.#final = true;
  }

  /** No more bytes will come. What is left over comes out of `next` as refused. */
  end(): void {
    this.#final = true;
    this.#ended = true;
  }

  /** The next item in wire order, or null: more bytes (or `silence`) are needed. */
  next(env: AcceptEnv): LinkItem | null {
    this.#silenceMs = null;
    if (this.#broken) return null;
    if (this.#speakers.length === 0) {
      const refused = this.#detect();
      if (refused !== null || this.#detected === null) return refused;
    }
    let noiseFrom = -1;
    while (this.#from < this.#to) {
      const speaker = this.#speakerOf(this.#bytes[this.#from]!);
      const framed = speaker?.protocol.frame(this.#view(), speaker.state, env) ?? null;
      if (framed === null || (framed.kind === 'bad' && framed.reason === 'noise' && framed.resumeAt !== null)) {
        // Noise is reported as runs, not byte by byte.
        if (noiseFrom < 0) noiseFrom = this.#from;
        this.#from = framed === null ? this.#from + 1 : Math.max(this.#from + 1, framed.resumeAt ?? 0);
        continue;
      }
      if (noiseFrom >= 0) return this.#refuse(noiseFrom, this.#from, 'noise', false, null);
      switch (framed.kind) {
        case 'skip':
          this.#from = framed.end;
          continue;
        case 'frame':
          return this.#accept(speaker!, framed.end, framed.resumeAt ?? framed.end, env);
        case 'bad': {
          const end = framed.resumeAt ?? this.#to;
          return this.#refuse(this.#from, end, framed.reason, framed.resumeAt === null, speaker!.protocol.id);
        }
        case 'need':
          return this.#wait(framed.atLeast, framed.silenceMs ?? null, speaker!.protocol);
      }
    }
    if (noiseFrom >= 0) return this.#refuse(noiseFrom, this.#to, 'noise', false, null);
    return null;
  }

  /** Words a command for the device of this connection. */
  encode(command: Command, env: EncodeEnv): Encoded {
    const speaker = this.#current ?? this.#speakers[0];
    if (speaker === undefined)
      return { kind: 'error', field: 'ident', remedy: 'the device has not spoken on this connection yet' };
    return speaker.protocol.encode(command, speaker.state, env);
  }

  /** By what a command names the device that spoke last; null: the protocol has commands that name nobody. */
  addressee(): Addressee | null {
    const speaker = this.#current;
    const names = speaker?.protocol.addressedBy;
    if (speaker === null || names === undefined) return null;
    const fields = speaker.state as unknown as Fields;
    return { speaker, fields: Object.fromEntries(names.map((name) => [name, fields[name]])) };
  }

  /** Words a command for a device that spoke before. */
  encodeFor({ speaker, fields }: Addressee, command: Command, env: EncodeEnv): Encoded {
    const state = speaker.state as unknown as Fields;
    const before = Object.fromEntries(Object.keys(fields).map((name) => [name, state[name]]));
    Object.assign(state, fields);
    try {
      return speaker.protocol.encode(command, speaker.state, env);
    } finally {
      Object.assign(state, before);
    }
  }

  /** What the protocols themselves must send after a silence; call about once a second. */
  tick(nowMs: number): readonly Uint8Array[] {
    let out: Uint8Array[] | null = null;
    for (const { protocol, state } of this.#speakers) {
      const writes = protocol.tick?.(state, nowMs);
      if (writes !== undefined && writes.length > 0) (out ??= []).push(...writes);
    }
    return out ?? [];
  }

  #settled(chunk: Uint8Array): boolean {
    const speaker = this.#current;
    if (speaker?.protocol.settles === undefined || chunk.length === 0) return false;
    return speaker.protocol.settles(speaker.state, this.#bytes[this.#from]!, chunk[0]!);
  }

  #view(): FrameView {
    const view = this.#window;
    view.bytes = this.#bytes;
    view.from = this.#from;
    view.to = this.#to;
    view.final = this.#final;
    return view;
  }

  #speak(family: Family): void {
    this.#speakers = family.protocols.map((protocol) => ({ protocol, state: protocol.open(this.#known) }));
  }

  #speakerOf(byte: number): Speaker | null {
    // A family of one has its own rule for foreign bytes (close, or skip); in a mixed one they are noise.
    if (this.#speakers.length === 1) return this.#speakers[0]!;
    for (const speaker of this.#speakers) if (speaker.protocol.owns(byte)) return speaker;
    return null;
  }

  #accept(speaker: Speaker, end: number, resumeAt: number, env: AcceptEnv): LinkItem {
    // A chunk that is one frame, as most are, needs no view of its own.
    const whole = this.#from === 0 && end === this.#bytes.length;
    const bytes = whole ? this.#bytes : this.#bytes.subarray(this.#from, end);
    this.#from = resumeAt;
    if (speaker.state.ident === null) speaker.state.ident = this.#ident;
    const accepted = speaker.protocol.accept(bytes, speaker.state, env);
    this.#current = speaker;
    if (speaker.state.ident !== null && speaker.state.ident !== this.#ident) {
      this.#ident = speaker.state.ident;
      for (const other of this.#speakers) other.state.ident = this.#ident;
    }
    if (accepted.kind === 'reject' && accepted.close) this.#broken = true;
    return { kind: 'frame', protocol: speaker.protocol, bytes, accepted };
  }

  #refuse(from: number, end: number, reason: RejectReason, close: boolean, protocol: ProtocolId | null): LinkItem {
    const bytes = this.#bytes.subarray(from, end);
    this.#from = end;
    if (close) this.#broken = true;
    return { kind: 'refused', protocol, bytes, reason, close };
  }

  #wait(atLeast: number, silenceMs: number | null, protocol: Protocol): LinkItem | null {
    if (atLeast > protocol.limits.frameBytesMax || this.pendingBytes >= protocol.limits.frameBytesMax)
      return this.#refuse(this.#from, this.#to, 'bad_length', this.#transport === 'tcp', protocol.id);
    if (this.#ended || this.#transport === 'udp')
      return this.#refuse(this.#from, this.#to, 'truncated', false, protocol.id);
    this.#silenceMs = this.#final ? null : silenceMs;
    return null;
  }

  /** Decides the family, or says why nothing here is a tracker. Null with no speakers: more bytes are needed. */
  #detect(): LinkItem | null {
    if (this.#from === this.#to) return null;
    let waits = false;
    const final = this.#final || this.pendingBytes >= DETECT_BYTES_MAX;
    const view = { ...this.#view(), final };
    for (const family of this.#families) {
      for (const protocol of family.protocols) {
        const said = protocol.detect(view);
        if (said.kind === 'yes') {
          this.#detected = {
            family,
            protocol: protocol.id,
            start: said.start - this.#from,
            end: said.end - this.#from,
            because: said.because,
          };
          this.#speak(family);
          return null;
        }
        if (said.kind === 'need') waits = true;
      }
    }
    if (waits && !final) return null;
    return this.#refuse(this.#from, this.#to, 'noise', this.#transport === 'tcp', null);
  }
}

/** What every protocol says of the first bytes: `fleetwire decode --explain` and the edge's log show it. */
export function explainDetection(
  families: readonly Family[],
  bytes: Uint8Array,
  transport: Transport,
): readonly { readonly protocol: ProtocolId; readonly said: Detection }[] {
  const view: FrameView = { bytes, from: 0, to: bytes.length, final: true, transport };
  return families.flatMap((family) =>
    family.protocols.map((protocol) => ({ protocol: protocol.id, said: protocol.detect(view) })),
  );
}

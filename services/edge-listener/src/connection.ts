/**
 * One TCP connection, or one UDP source address: bytes in, frames to Kafka, answers out.
 *
 * - Frames are numbered and published in wire order; answers leave in the same order, after their commits (replies.ts).
 * - Every byte that came in ends in exactly one outcome: `bytes` is told of it.
 * - What is read and not committed yet is bounded: beyond `pendingBytesMax` the connection is not read.
 */
import {
  Link,
  type AcceptEnv,
  type Accepted,
  type Command,
  type Encoded,
  type EncodeEnv,
  type Protocol,
  type ProtocolId,
  type RejectReason,
  type Transport,
} from '@fleetwire/protocols';
import { failpoint } from '@fleetwire/service';
import type { LastFrame } from './conditions.js';
import { FrameSource } from './frame-source.js';
import { Passengers } from './passengers.js';
import { BadFrames } from './bad-frames.js';
import type { BadBytes } from './dead-letters.js';
import type { ConnectionDeps, ConnectionOptions, Outlet } from './connection-deps.js';
import type { ByteCounts, CloseReason } from './metrics.js';
import { ProtocolCounts } from './protocol-counts.js';
import { OwedFrame } from './owed-frame.js';
import { ReplyQueue, type ReplyResult } from './replies.js';
import type { Holder } from './sessions.js';

export class Connection implements Holder {
  readonly number: number;
  readonly listenerName: string;
  readonly transport: Transport;
  readonly address: string;
  readonly peer: string;
  readonly idents = new Set<string>();
  readonly openedMs: number;
  /** Monotonic, last bytes. */
  heardMs: number;
  /** Monotonic, since when a begun frame waits for its end; null: none does. */
  partialSinceMs: number | null = null;
  /** Good frames so far. */
  frames = 0;
  readonly #deps: ConnectionDeps;
  readonly #outlet: Outlet;
  readonly #link: Link;
  readonly #detects: boolean;
  readonly #env: { nowMs: number; transport: Transport; settingsOf: AcceptEnv['settingsOf'] };
  readonly #bytes: ByteCounts;
  readonly #received;
  readonly #replies: ReplyQueue<OwedFrame>;
  readonly #passengers = new Passengers();
  #counts: ProtocolCounts;
  readonly #source: FrameSource;
  #pendingBytes = 0;
  readonly #badFrames: BadFrames;
  #monotonicMs = 0;
  #explained = false;
  #stopped = false;
  #dirty = false;
  #closed: CloseReason | null = null;
  #finish: CloseReason | null = null;
  #draining = false;
  #failed = false;

  constructor(deps: ConnectionDeps, outlet: Outlet, options: ConnectionOptions) {
    this.#deps = deps;
    this.#outlet = outlet;
    this.number = options.number;
    this.listenerName = options.listenerName;
    this.transport = options.transport;
    this.address = options.address;
    this.peer = options.address.includes(':')
      ? `[${options.address}]:${options.port}`
      : `${options.address}:${options.port}`;
    this.#link = new Link({ families: options.families, transport: options.transport });
    this.#detects = options.families.length > 1;
    this.#env = { nowMs: 0, transport: options.transport, settingsOf: deps.admission.settingsOf };
    this.#bytes = deps.counts[options.transport];
    this.#received = deps.metrics.received.of({ transport: options.transport });
    this.#replies = new ReplyQueue(options.transport === 'tcp');
    this.#counts = ProtocolCounts.of(deps.metrics, null);
    const { peer, address, transport, listenerName: listener, number: connection } = this;
    const origin = { peer, address, transport, listener, connection };
    this.#source = new FrameSource(origin, deps.bootId);
    this.#badFrames = new BadFrames(deps, origin);
    this.openedMs = this.heardMs = deps.clock.monotonicMs();
    deps.metrics.opened.of({ transport: this.transport }).inc();
    this.#counts.open(this.transport).value++;
  }

  get protocol(): Protocol | null {
    return this.#link.protocol;
  }
  get protocolId(): ProtocolId | null {
    return this.#counts.protocol;
  }
  /** Frames without a result yet. */
  get owing(): number {
    return this.#replies.length;
  }
  get closed(): boolean {
    return this.#closed !== null;
  }

  /** Call `silence` after that long without bytes; null: no need. */
  get silenceMs(): number | null {
    return this.#closed === null ? this.#link.silenceMs : null;
  }

  /** A read of the stream, or one datagram. */
  receive(chunk: Uint8Array): void {
    this.#received.inc(chunk.length);
    if (this.#closed !== null || this.#link.broken) {
      this.#bytes.unfinished.inc(chunk.length);
      return;
    }
    this.#now();
    this.heardMs = this.#monotonicMs;
    const before = this.#link.pendingBytes;
    this.#link.push(chunk);
    this.#drain(before + chunk.length);
  }

  /** The silence that the protocol asked for has passed. */
  silence(): void {
    if (this.#closed === null) this.#judge(() => this.#link.silence());
  }

  /** Once a second: what the protocol itself must say after a silence. */
  tick(): void {
    if (this.#closed !== null || this.#finish !== null) return;
    for (const bytes of this.#link.tick(this.#deps.clock.wallMs())) this.#outlet.write(bytes);
  }

  /** The device has closed its side: what waits for more is judged as it stands, answers are still written. */
  peerEnded(): void {
    if (this.#closed === null) this.#judge(() => this.#link.end());
    this.finish('peer');
  }

  /** The socket is gone, or is closed for `reason`. Frames that are under way are still settled. */
  end(reason: CloseReason): void {
    if (this.#closed !== null) return;
    if (!this.#link.broken) this.#judge(() => this.#link.end());
    this.#close(reason);
  }

  /** Ends the connection as soon as nothing is owed: never between a frame and its answer. */
  finish(reason: CloseReason): void {
    if (this.#closed !== null || this.#finish !== null) return;
    this.#finish = reason;
    this.#stopped = true;
    this.#outlet.stopReading();
    if (this.#replies.length === 0) this.#close(reason);
  }

  /** Writes the answers that may leave. */
  flush(): void {
    this.#dirty = false;
    const nowMs = this.#deps.clock.monotonicMs();
    this.#monotonicMs = nowMs;
    const writes = this.#replies.flush(nowMs, this.#closed === null, this);
    if (writes.length > 0) this.#write(writes);
    if (this.#closed !== null) return;
    if (this.#replies.broken) {
      this.#close(this.#failed ? 'commit_failed' : 'reply_too_old');
      return;
    }
    if (this.#finish !== null && this.#replies.length === 0) {
      this.#close(this.#finish);
      return;
    }
    if (this.#stopped && this.#finish === null && this.#pendingBytes <= this.#deps.pendingBytesMax / 2) {
      this.#stopped = false;
      this.#outlet.readAgain();
    }
  }

  /** Of the reply queue: told once a frame, in order. */
  settled(owed: OwedFrame, result: ReplyResult): void {
    this.#pendingBytes -= owed.bytes;
    this.#failed ||= result === 'nacked';
    this.#bytes[result === 'nacked' ? 'nacked' : owed.outcome].inc(owed.bytes);
    const deadLettered = owed.outcome === 'dead_lettered' && result !== 'nacked';
    owed.counts.frame(deadLettered ? 'dead_lettered' : result).inc();
    if (result === 'acked') owed.counts.ackLatency.observe((this.#monotonicMs - owed.receivedMs) / 1000, owed.traceId);
  }

  superseded(ident: string): void {
    this.idents.delete(ident);
    this.#passengers.leaves(ident);
    if (this.idents.size === 0) this.finish('superseded');
  }

  unreachable(ident: string, monotonicMs: number): string | null {
    if (this.#closed !== null || this.#finish !== null) return 'not_holder';
    if (this.#passengers.way(ident) === null) return 'other_device';
    const silentMs = monotonicMs - this.heardMs;
    return this.transport === 'udp' && silentMs >= this.#deps.udpReachableMs ? 'not_reachable' : null;
  }
  lastFrame(ident: string): LastFrame | null {
    return this.#passengers.lastFrame(ident);
  }
  encode(ident: string, command: Command, env: EncodeEnv): Encoded {
    const way = this.#passengers.way(ident);
    if (way === null)
      return { kind: 'error', field: 'ident', remedy: 'another device speaks on this connection by now' };
    return way === 'current' ? this.#link.encode(command, env) : this.#link.encodeFor(way, command, env);
  }
  writeCommand(bytes: Uint8Array): boolean {
    return this.#closed === null && this.#outlet.write(bytes);
  }

  /** Takes what waits as it stands. */
  #judge(how: () => void): void {
    this.#now();
    how();
    this.#drain(this.#link.pendingBytes);
  }

  #now(): void {
    this.#env.nowMs = this.#deps.clock.wallMs();
    this.#monotonicMs = this.#deps.clock.monotonicMs();
  }

  /** Takes every item of `unread` bytes. What no item had and is not kept for later was filler. */
  #drain(unread: number): void {
    let taken = 0;
    let frames = 0;
    this.#draining = true;
    try {
      for (let item = this.#link.next(this.#env); item !== null; item = this.#link.next(this.#env)) {
        taken += item.bytes.length;
        frames++;
        if (!this.#explained) this.#explain(item.bytes);
        if (item.kind === 'refused') this.#refused(item.bytes, item.reason, item.protocol, item.close);
        else this.#frame(item.protocol, item.bytes, item.accepted);
        if (this.#closed !== null) break;
      }
    } catch (error) {
      // A bug of ours must not let one device end the connections of all others.
      this.#deps.onBug(error, this);
      this.#close('bug');
    }
    this.#draining = false;
    const left = this.#link.pendingBytes;
    const filler = unread - taken - left;
    if (filler > 0) this.#bytes.filler.inc(filler);
    if (left === 0) this.partialSinceMs = null;
    else if (frames > 0 || this.partialSinceMs === null) this.partialSinceMs = this.#monotonicMs;
    if (this.#closed !== null) {
      this.#abandon();
      return;
    }
    if (this.#pendingBytes > this.#deps.pendingBytesMax && !this.#stopped) {
      this.#stopped = true;
      this.#outlet.stopReading();
    }
  }

  #explain(first: Uint8Array): void {
    this.#explained = true;
    if (this.#detects) this.#deps.explainer.decided(this.#link.detected, first, this);
  }

  #frame(protocol: Protocol, bytes: Uint8Array, accepted: Accepted): void {
    if (this.#counts.protocol !== protocol.id) this.#speaks(protocol.id);
    if (accepted.kind === 'publish') {
      this.#badFrames.good();
      this.frames++;
      this.#publish(protocol, bytes, accepted);
      return;
    }
    const { rejection, ident, reply } = accepted;
    const bad = { bytes, reason: rejection.reason, rejection, protocol: protocol.id, ident };
    this.#reject(bad, reply, protocol.limits.replyAgeMaxMs);
    if (accepted.close) this.#close('broken');
    else this.#bad();
  }

  #publish(protocol: Protocol, bytes: Uint8Array, accepted: Extract<Accepted, { kind: 'publish' }>): void {
    const { ident: said, context, reply, class: outcome } = accepted;
    const { admission, sessions, publisher, metrics } = this.#deps;
    const ident = admission.identOf(said);
    const refusal = admission.refusal(ident, protocol.id, bytes.length, this.#monotonicMs);
    if (refusal !== null) {
      this.#bytes.refused.inc(bytes.length);
      this.#counts.frame('refused').inc();
      metrics.refused.of({ reason: refusal }).inc();
      // Nothing is committed of it, so nothing waits; behind answers that are still owed it would be out of order.
      if (refusal === 'unknown_device' && accepted.refusal !== undefined && this.#replies.length === 0)
        this.#outlet.write(accepted.refusal);
      // Without an answer the device would count on the next one: its stream ends here.
      this.finish(refusal === 'rate_limited' ? 'rate_limited' : 'blocked');
      return;
    }
    if (this.#replies.hasCopy(bytes, this.#monotonicMs)) {
      this.#bytes.duplicate.inc(bytes.length);
      this.#counts.frame('duplicate').inc();
      return;
    }
    this.#passengers.speaks(ident, () => this.#link.addressee());
    if (this.#finish === null) {
      this.idents.add(ident);
      sessions.heard(ident, this, context, this.#env.nowMs, this.#monotonicMs);
    }
    const frame = Buffer.from(bytes);
    const receivedAtUs = this.#env.nowMs * 1000;
    if (outcome === 'data' && (protocol.part === undefined || protocol.part(frame) === null))
      this.#passengers.keep(protocol.id, frame, context, receivedAtUs);
    const owed = this.#owe(frame, reply, protocol.limits.replyAgeMaxMs, outcome);
    publisher.frame(this.#source.next(ident, frame, context, receivedAtUs), this.#source.headers, owed);
  }

  #owe(frame: Buffer, reply: Uint8Array | null, ageMaxMs: number | null, outcome: OwedFrame['outcome']) {
    const owed = new OwedFrame(this, frame, reply, this.#monotonicMs, ageMaxMs, outcome, this.#counts);
    this.#pendingBytes += owed.bytes;
    this.#replies.push(owed);
    return owed;
  }

  /** Of a frame: its commit is decided. */
  decided(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#deps.flusher.add(this);
  }

  #refused(bytes: Uint8Array, reason: RejectReason, protocol: ProtocolId | null, close: boolean): void {
    const ended = reason === 'truncated';
    if (reason === 'noise' && (this.#link.detected !== null || !this.#detects)) {
      // Noise between frames has no end; only its bytes are counted.
      this.#bytes.noise.inc(bytes.length);
      this.#badFrames.count(protocol, reason);
    } else if (ended && this.transport === 'tcp') {
      this.#bytes.unfinished.inc(bytes.length);
      this.#badFrames.count(protocol, reason);
    } else this.#reject({ bytes, reason, rejection: null, protocol, ident: this.#passengers.current }, null, null);
    if (close) this.#close('broken');
    else if (!ended) this.#bad();
  }

  #reject(bad: Omit<BadBytes, 'sequence'>, reply: Uint8Array | null, ageMaxMs: number | null): void {
    const bytes = Buffer.from(bad.bytes);
    const letter = this.#badFrames.letter(
      { ...bad, bytes, sequence: this.#source.sequence },
      reply !== null,
      this.#env.nowMs,
      this.#monotonicMs,
    );
    if (letter === null) {
      this.#bytes.suppressed.inc(bytes.length);
      this.#counts.frame('suppressed').inc();
      return;
    }
    this.#deps.publisher.deadLetter(letter, this.#owe(bytes, reply, ageMaxMs, 'dead_lettered'));
  }

  #bad(): void {
    if (this.#badFrames.another()) this.finish('bad_frames');
  }

  #speaks(protocol: ProtocolId): void {
    this.#counts.open(this.transport).value--;
    this.#counts = ProtocolCounts.of(this.#deps.metrics, protocol);
    this.#counts.open(this.transport).value++;
    this.#source.speaks(protocol);
  }

  #write(writes: readonly Uint8Array[]): void {
    failpoint('edge.committed');
    if (this.transport === 'udp' || writes.length === 1) for (const bytes of writes) this.#outlet.write(bytes);
    else this.#outlet.write(Buffer.concat(writes));
  }

  /** Bytes that nobody will read any more. */
  #abandon(): void {
    this.#bytes.unfinished.inc(this.#link.pendingBytes);
  }

  #close(reason: CloseReason): void {
    if (this.#closed !== null) return;
    this.#closed = reason;
    if (!this.#draining) this.#abandon();
    this.#counts.open(this.transport).value--;
    this.#deps.metrics.closed.of({ transport: this.transport, reason }).inc();
    this.#deps.sessions.ended(this);
    this.#outlet.close(reason);
  }
}

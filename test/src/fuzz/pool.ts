/** What the fuzzer starts from: the bytes of every corpus, and frames that stand alone and must come through after any noise. */
import {
  FAMILIES,
  Link,
  familyOf,
  fromHex,
  parseDeviceSettings,
  type AcceptEnv,
  type DeviceSettings,
  type Family,
  type FrameContext,
  type ProtocolId,
  type Transport,
} from '@fleetwire/protocols';
import { CORPORA } from '../contract/corpora.js';

/** The bytes of one vector, in the pieces in which it gives them. */
export interface Sample {
  readonly protocol: ProtocolId;
  readonly chunks: readonly Uint8Array[];
  readonly settings: DeviceSettings;
}

/** One frame as the edge would publish it. */
export interface FrameSample {
  readonly protocol: ProtocolId;
  readonly frame: Uint8Array;
  readonly ident: string;
  readonly context: FrameContext;
  readonly settings: DeviceSettings;
}

export interface Pool {
  readonly samples: readonly Sample[];
  readonly frames: readonly FrameSample[];
  /** Frames that need no earlier knowledge, on both transports. */
  readonly beacons: readonly FrameSample[];
}

/** Corpus times lie before; no clock is read. */
export const NOW_MS = Date.UTC(2027, 0, 1);

export const envOf = (transport: Transport, settings: DeviceSettings): AcceptEnv => ({
  nowMs: NOW_MS,
  transport,
  settingsOf: () => settings,
});

export function makePool(): Pool {
  const samples: Sample[] = [];
  const frames: FrameSample[] = [];
  for (const { protocol, vectors } of CORPORA)
    for (const vector of vectors) {
      if (vector.kind === 'encode') continue;
      const chunks = (vector.chunks ?? []).map((chunk) => fromHex(chunk)!).filter((chunk) => chunk.length > 0);
      if (chunks.length === 0) continue;
      const { settings } = parseDeviceSettings(JSON.stringify(vector.device ?? {}));
      samples.push({ protocol, chunks, settings });
      if (vector.connection === undefined) frames.push(...framesOf(protocol, chunks, settings));
    }
  return { samples, frames, beacons: frames.filter(isBeacon) };
}

function framesOf(protocol: ProtocolId, chunks: readonly Uint8Array[], settings: DeviceSettings): FrameSample[] {
  const link = new Link({ families: [familyOf(protocol)], transport: 'tcp' });
  const env = envOf('tcp', settings);
  const found: FrameSample[] = [];
  for (const chunk of chunks) {
    link.push(chunk);
    for (let item = link.next(env); item !== null; item = link.next(env)) {
      if (item.kind !== 'frame' || item.accepted.kind !== 'publish') continue;
      const { ident, context } = item.accepted;
      found.push({ protocol: item.protocol.id, frame: item.bytes.slice(), ident, context, settings });
    }
  }
  return found;
}

/** Comes through a fresh connection by itself, on its own port and on the shared one, with strict settings and both transports. */
function isBeacon(sample: FrameSample): boolean {
  const ways: readonly [readonly Family[], Transport][] = [
    [[familyOf(sample.protocol)], 'tcp'],
    [[familyOf(sample.protocol)], 'udp'],
    [FAMILIES, 'tcp'],
    [FAMILIES, 'udp'],
  ];
  return ways.every(([families, transport]) => {
    const link = new Link({ families, transport });
    link.push(sample.frame);
    const item = link.next(envOf(transport, {}));
    return (
      item?.kind === 'frame' &&
      item.accepted.kind === 'publish' &&
      item.accepted.class === 'data' &&
      item.bytes.length === sample.frame.length &&
      link.pendingBytes <= 1 // a flag that may open the next frame
    );
  });
}

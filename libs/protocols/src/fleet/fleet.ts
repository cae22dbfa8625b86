/** A fleet of simulated trackers: who they are, what they speak and where they live, all from one seed. */
import type { Transport } from '../protocol.js';
import { AstraDevice } from './astra-device.js';
import { AtrackDevice } from './atrack-device.js';
import { Drive } from './drive.js';
import { H02Device } from './h02-device.js';
import { identOf, SIMULATED, type SimulatedId } from './idents.js';
import { Jt808Device } from './jt808-device.js';
import { Random } from './random.js';
import { Tracker, type Dialect } from './tracker.js';

export interface FleetOptions {
  /** `mixed`: all of them in turn. */
  readonly protocol: SimulatedId | 'mixed';
  readonly transport: Transport;
  readonly count: number;
  readonly seed: number;
  /** ms since 1970. */
  readonly startMs: number;
  /** Readings that each keeps while they are unconfirmed. */
  readonly readingsMax?: number;
  /** Frames that each may have out, instead of its protocol's own number. */
  readonly window?: number;
}

/** Homes on both sides of the equator and of Greenwich, so that signs are exercised. Degrees. */
const HOMES: readonly (readonly [latitude: number, longitude: number])[] = [
  [51.507, -0.128],
  [52.52, 13.405],
  [48.857, 2.352],
  [40.417, -3.704],
  [59.329, 18.068],
  [-23.551, -46.633],
  [-33.869, 151.209],
  [40.713, -74.006],
  [-1.286, 36.817],
  [22.543, 114.058],
];

/** Same options, same fleet. */
export function createFleet(options: FleetOptions): readonly Tracker[] {
  const random = new Random(options.seed);
  return Array.from({ length: options.count }, (_, index) => {
    const protocol = options.protocol === 'mixed' ? SIMULATED[index % SIMULATED.length]! : options.protocol;
    const ident = identOf(protocol, options.seed, index);
    const [latitude, longitude] = random.pick(HOMES);
    const drive = new Drive({ seed: random.integer(0, 0xffff_ffff), startMs: options.startMs, latitude, longitude });
    return new Tracker({
      ident,
      drive,
      dialect: dialectOf(protocol, ident, index, options.transport),
      ...(options.readingsMax !== undefined && { readingsMax: options.readingsMax }),
      ...(options.window !== undefined && hasNamedAcks(protocol, options.transport) && { window: options.window }),
    });
  });
}

/**
 * Over UDP, where a datagram may be lost, a second frame may only be out when acknowledgements say which one they mean: else that of
 * the second would confirm the lost first.
 */
function hasNamedAcks(protocol: SimulatedId, transport: Transport): boolean {
  return transport === 'tcp' || protocol === 'jt808' || protocol === 'atrack';
}

/** Variants of each protocol alternate, in steps that are independent of the protocols' own turn. */
function dialectOf(protocol: SimulatedId, ident: string, index: number, transport: Transport): Dialect {
  const odd = Math.floor(index / SIMULATED.length) % 2 === 1;
  switch (protocol) {
    case 'astra':
      return new AstraDevice({ ident, transport, login: !odd });
    case 'h02':
      return new H02Device({ ident, transport, form: odd ? 'binary' : 'text' });
    case 'jt808':
      return new Jt808Device({ ident, edition: odd ? 2019 : 2013 });
    case 'atrack':
      return new AtrackDevice({ ident, form: odd ? 'ascii' : 'binary' });
  }
}

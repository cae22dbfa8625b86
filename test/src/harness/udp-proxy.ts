/**
 * A UDP path that loses and delays datagrams both ways and doubles those of the device, by a seeded choice. Answers are not doubled:
 * an answer that names no packet and comes twice fools the device whatever a server does.
 */
import dgram from 'node:dgram';
import type { Random } from '../contract/random.js';

export interface UdpPath {
  readonly port: number;
  readonly lost: number;
  readonly doubled: number;
  close(): void;
}

export interface UdpFaults {
  /** Shares of datagrams, 0..1. */
  readonly loss: number;
  readonly doubling: number;
  /** Answers are delayed by up to that much, ms. */
  readonly delayMs: number;
}

export async function startUdpPath(targetPort: number, faults: UdpFaults, random: Random): Promise<UdpPath> {
  const inlet = dgram.createSocket('udp4');
  const outlets = new Map<string, dgram.Socket>();
  let lost = 0;
  let doubled = 0;
  const pass = (send: () => void, delayMs: number, doubling: number): void => {
    if (random.next() < faults.loss) {
      lost++;
      return;
    }
    setTimeout(send, random.next() * delayMs);
    if (random.next() < doubling) {
      doubled++;
      setTimeout(send, random.next() * delayMs + 5);
    }
  };
  inlet.on('message', (data, from) => {
    const key = `${from.address}:${from.port}`;
    let outlet = outlets.get(key);
    if (outlet === undefined) {
      outlet = dgram.createSocket('udp4');
      outlet.on('message', (answer) => pass(() => inlet.send(answer, from.port, from.address), faults.delayMs, 0));
      outlets.set(key, outlet);
    }
    const through = outlet;
    pass(() => through.send(data, targetPort, '127.0.0.1'), 0, faults.doubling);
  });
  await new Promise<void>((resolve) => inlet.bind(0, '127.0.0.1', resolve));
  return {
    port: inlet.address().port,
    get lost() {
      return lost;
    },
    get doubled() {
      return doubled;
    },
    close() {
      inlet.close();
      for (const outlet of outlets.values()) outlet.close();
    },
  };
}

/** A TCP proxy between a client and a broker: passes everything, until it is told to swallow what the broker answers. */
import net from 'node:net';

export interface Proxy {
  readonly port: number;
  /** From now on answers are dropped for `ms`, then the connections that lost one are cut. */
  swallowAnswers(ms: number): void;
  /** Answers dropped so far. */
  readonly swallowed: number;
  close(): Promise<void>;
}

export async function startProxy(targetPort: number, port = 0): Promise<Proxy> {
  let swallowUntil = 0;
  let swallowed = 0;
  const open = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const broker = net.connect(targetPort, '127.0.0.1');
    let lost = false;
    for (const socket of [client, broker]) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
    client.pipe(broker);
    broker.on('data', (data) => {
      if (performance.now() < swallowUntil) {
        swallowed++;
        lost = true;
      } else if (lost) {
        // Its answers would come at the wrong place now.
        client.destroy();
      } else {
        client.write(data);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    swallowAnswers(ms) {
      swallowUntil = performance.now() + ms;
      setTimeout(() => {
        for (const socket of open) socket.destroy();
      }, ms);
    },
    get swallowed() {
      return swallowed;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

import net from 'node:net';

/** A TCP proxy before a broker, whose answers can be swallowed and whose door can be shut. */
export interface AnswerProxy {
  readonly port: number;
  /** True: what the broker answers is thrown away; requests still pass. */
  mute: boolean;
  /** True: new connections are closed at once. */
  shut: boolean;
  /** Ends the connections that are open. */
  cut(): void;
  /** Resolves at the next answer that is swallowed: the broker has done what it was asked. */
  nextSwallowed(): Promise<void>;
  close(): Promise<void>;
}

export async function startAnswerProxy(targetPort: number, port: number): Promise<AnswerProxy> {
  const open = new Set<net.Socket>();
  let waiting: (() => void)[] = [];
  const server = net.createServer((client) => {
    if (proxy.shut) {
      client.destroy();
      return;
    }
    const broker = net.connect(targetPort, '127.0.0.1');
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
      if (!proxy.mute) {
        client.write(data);
        return;
      }
      for (const resolve of waiting.splice(0)) resolve();
    });
  });
  const proxy: AnswerProxy = {
    port,
    mute: false,
    shut: false,
    cut() {
      for (const socket of open) socket.destroy();
    },
    nextSwallowed: () => new Promise((resolve) => waiting.push(resolve)),
    close() {
      waiting = [];
      this.cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return proxy;
}

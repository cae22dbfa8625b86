import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { askCluster, metadataRequest, parseMetadata } from './metadata.js';

const text = (s: string): Buffer => {
  const length = Buffer.alloc(2);
  length.writeInt16BE(s.length);
  return Buffer.concat([length, Buffer.from(s)]);
};
const int = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(n);
  return bytes;
};
const nothing = Buffer.from([0xff, 0xff]);

function answer(): Buffer {
  const brokers = [int(1), text('127.0.0.1'), int(19092), nothing, int(2), text('127.0.0.1'), int(19094), text('rack')];
  const body = Buffer.concat([int(1), int(0), int(2), ...brokers, text('cluster'), int(2), int(0)]);
  return Buffer.concat([int(body.length), body]);
}

describe('asking a broker for its cluster', () => {
  it('says its own length first', () => {
    const request = metadataRequest(7);
    expect(request.readInt32BE(0)).toBe(request.length - 4);
    expect(request.readInt32BE(8)).toBe(7);
  });

  it('reads brokers and controller from the answer', () => {
    expect(parseMetadata(answer())).toEqual({
      brokers: [
        { id: 1, address: '127.0.0.1:19092' },
        { id: 2, address: '127.0.0.1:19094' },
      ],
      controllerId: 2,
    });
  });

  it('waits while the answer is not whole', () => {
    const whole = answer();
    for (let length = 0; length < whole.length; length++) expect(parseMetadata(whole.subarray(0, length))).toBeNull();
  });

  it('is null of what is no broker, and of a port where nobody listens', async () => {
    const server = net.createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await askCluster('127.0.0.1', port, 1000)).toBeNull();
    await new Promise((resolve) => server.close(resolve));
    expect(await askCluster('127.0.0.1', port, 1000)).toBeNull();
  });
});

/** Sends a vector as a device would and gathers what the server answers. */
import dgram from 'node:dgram';
import net from 'node:net';
import type { Random } from '../../contract/random.js';
import type { Sendable } from './vectors.js';

/** Longest wait for the answers that must come, and for one that must not. */
const ANSWER_MS = 5_000;
/** A vector's writes at most: a long one is not cut byte by byte. */
const WRITES_MAX = 40;

export interface Sent {
  /** As the server sees it: `127.0.0.1:<port>`. */
  readonly peer: string;
  readonly answer: Buffer;
}

/** Resolves when as many bytes as must come have come, or their time is over. */
export async function send(vector: Sendable, port: number, random: Random, taken: Set<number>): Promise<Sent> {
  const want = vector.output.replies.reduce((bytes, reply) => bytes + reply.length / 2, 0);
  return vector.transport === 'tcp' ? sendTcp(vector, port, random, want) : sendUdp(vector, port, want, taken);
}

async function sendTcp(vector: Sendable, port: number, random: Random, want: number): Promise<Sent> {
  const socket = net.connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  const { localPort } = socket;
  const answer = gather(want, (listener) => {
    socket.on('data', listener);
    socket.on('close', () => listener(null));
  });
  const bytes = Buffer.concat(vector.chunks);
  const size = Math.max(1 + random.below(24), Math.ceil(bytes.length / WRITES_MAX));
  for (let at = 0; at < bytes.length; at += size) {
    socket.write(bytes.subarray(at, at + size));
    await new Promise(setImmediate);
  }
  const got = await answer;
  // Not cut off: what has been written is read to its end.
  socket.end();
  if (socket.readyState !== 'closed') await new Promise((resolve) => socket.once('close', resolve));
  return { peer: `127.0.0.1:${localPort}`, answer: got };
}

async function sendUdp(vector: Sendable, port: number, want: number, taken: Set<number>): Promise<Sent> {
  const socket = dgram.createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const local = socket.address().port;
  if (taken.has(local)) {
    socket.close();
    return sendUdp(vector, port, want, taken);
  }
  taken.add(local);
  const answer = gather(want, (listener) => socket.on('message', listener));
  for (const chunk of vector.chunks) await new Promise((resolve) => socket.send(chunk, port, '127.0.0.1', resolve));
  const got = await answer;
  socket.close();
  return { peer: `127.0.0.1:${local}`, answer: got };
}

/** Listens until `want` bytes have come, or null for the end. */
function gather(want: number, listen: (listener: (data: Buffer | null) => void) => void): Promise<Buffer> {
  return new Promise((resolve) => {
    let got = Buffer.alloc(0);
    const done = (): void => {
      clearTimeout(timer);
      resolve(got);
    };
    const timer = setTimeout(done, ANSWER_MS);
    listen((data) => {
      if (data !== null) got = Buffer.concat([got, data]);
      if (data === null || got.length >= want) done();
    });
    if (want === 0) done();
  });
}

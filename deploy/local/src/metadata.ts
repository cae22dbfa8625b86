import net from 'node:net';

/** What a broker says of its cluster. */
export interface ClusterView {
  readonly brokers: readonly { readonly id: number; readonly address: string }[];
  /** -1: no controller yet. */
  readonly controllerId: number;
}

const METADATA = 3;
/** The version that the product's client speaks; same layout since 4. */
const VERSION = 6;
const ANSWER_BYTES_MAX = 1024 * 1024;

/** Metadata request for no topics: api key, version, correlation id, client id, empty array, no topic creation. */
export function metadataRequest(correlationId: number): Buffer {
  const client = Buffer.from('fleetwire-probe');
  const body = Buffer.alloc(4 + 2 + 2 + 4 + 2 + client.length + 4 + 1);
  let at = body.writeInt32BE(body.length - 4, 0);
  at = body.writeInt16BE(METADATA, at);
  at = body.writeInt16BE(VERSION, at);
  at = body.writeInt32BE(correlationId, at);
  at = body.writeInt16BE(client.length, at);
  at += client.copy(body, at);
  at = body.writeInt32BE(0, at);
  body.writeUInt8(0, at);
  return body;
}

/**
 * Reads: size, correlation id, throttle, brokers [id, host, port, rack or null], cluster id or null, controller id.
 * Null while the answer is not whole.
 */
export function parseMetadata(bytes: Buffer): ClusterView | null {
  if (bytes.length < 4 || bytes.length < 4 + bytes.readInt32BE(0)) return null;
  let at = 12;
  const text = (): string | null => {
    const length = bytes.readInt16BE(at);
    at += 2;
    if (length < 0) return null;
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const number = (): number => {
    at += 4;
    return bytes.readInt32BE(at - 4);
  };
  const brokers = Array.from({ length: number() }, () => {
    const id = number();
    const host = text();
    const port = number();
    text();
    return { id, address: `${host ?? ''}:${port}` };
  });
  text();
  return { brokers, controllerId: number() };
}

/** Asks one broker. Null when it does not answer in time, or with something else. */
export function askCluster(host: string, port: number, timeoutMs: number): Promise<ClusterView | null> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    let answer = Buffer.alloc(0);
    const end = (view: ClusterView | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(view);
    };
    const timer = setTimeout(() => end(null), timeoutMs);
    socket.on('error', () => end(null));
    socket.on('close', () => end(null));
    socket.on('connect', () => socket.write(metadataRequest(1)));
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length > ANSWER_BYTES_MAX) end(null);
      try {
        const view = parseMetadata(answer);
        if (view !== null) end(view);
      } catch {
        end(null); // Not a broker.
      }
    });
  });
}

/** The sockets of the simulated devices: one each, as each device has its own address. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

export interface WireEvents {
  readonly onOpen: () => void;
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Once: the peer closed, refused, or the socket failed. Never after `close()`. */
  readonly onClose: (error: Error | null) => void;
}

export interface Wire {
  /** False: the socket is full; the bytes are queued nevertheless, which the device's window bounds. */
  write(chunks: readonly Uint8Array[]): void;
  close(): void;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Acknowledgements and commands are short; a longer answer comes in pieces. */
const READ_BYTES = 2_048;

export function openTcp(target: Target, events: WireEvents): Wire {
  let closed = false;
  const finish = (error: Error | null): void => {
    if (closed) return;
    closed = true;
    socket.destroy();
    events.onClose(error);
  };
  const socket = connect({
    host: target.host,
    port: target.port,
    noDelay: true,
    onread: {
      // One buffer a socket for all its reads: no garbage for each acknowledgement.
      buffer: Buffer.allocUnsafe(READ_BYTES),
      callback: (count, buffer) => {
        if (!closed) events.onBytes(buffer.subarray(0, count));
        return true;
      },
    },
  });
  socket.setTimeout(CONNECT_TIMEOUT_MS, () =>
    finish(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1_000} s`)),
  );
  socket.once('connect', () => {
    socket.setTimeout(0);
    if (!closed) events.onOpen();
  });
  socket.on('error', finish);
  socket.on('end', () => finish(null));
  socket.on('close', () => finish(null));
  return {
    write: (chunks) => {
      if (closed || chunks.length === 0) return;
      if (chunks.length === 1) {
        socket.write(chunks[0]!);
        return;
      }
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
    },
    close: () => {
      closed = true;
      socket.destroy();
    },
  };
}

export function openUdp(target: Target, events: WireEvents): Wire {
  let closed = false;
  const socket = createSocket(target.host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message) => {
    if (!closed) events.onBytes(message);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Nobody listens just now: the datagram is lost, as datagrams are; the device's time-out deals with it.
    if (error.code === 'ECONNREFUSED' || closed) return;
    closed = true;
    socket.close();
    events.onClose(error);
  });
  socket.connect(target.port, target.host, () => {
    if (!closed) events.onOpen();
  });
  return {
    write: (chunks) => {
      if (!closed) for (const chunk of chunks) socket.send(chunk, ignoreSendError);
    },
    close: () => {
      closed = true;
      socket.close();
    },
  };
}

/** A datagram that could not be sent is a lost datagram. */
function ignoreSendError(): void {
  return undefined;
}

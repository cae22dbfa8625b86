/**
 * HAProxy in front of an edge with PROXY protocol version 2, as `deploy/k8s/overlays/behind-proxy` has it: the device's own address reaches the
 * frames, health checks are no devices, TLS passes through to the edge, and who is no trusted proxy may not speak for anybody.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { Child, freePorts } from '@fleetwire/local';
import { Codec, type RawFrame } from '@fleetwire/schemas';
import { TestAuthority } from '@fleetwire/service/testing';
import { connect, topicSpecs, type Streams } from '@fleetwire/streaming';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { packet } from '../harness/astra-wire.js';
import { ServiceProcess } from '../harness/stack.js';
import { waitFor } from '../harness/wait.js';
import { must, tool } from './tools.js';

const ACK = 0x06;
const WAIT_MS = 60_000;
/** Its health checks come that often. */
const CHECK_MS = 200;

const authority = new TestAuthority();
let folder = '';
let edge: ServiceProcess;
let proxy: Child;
let streams: Streams;
/** Where devices connect: through the proxy, through it with TLS, and through one that is not trusted. */
let ports = { plain: 0, secure: 0, stranger: 0, direct: 0 };

beforeAll(async () => {
  await must('haproxy', ['-v']);
  folder = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-haproxy-'));
  mkdirSync(path.join(folder, 'certificate'));
  const { cert, key } = authority.issue({ commonName: 'edge', names: ['edge.test'] });
  writeFileSync(path.join(folder, 'certificate', 'tls.crt'), cert);
  writeFileSync(path.join(folder, 'certificate', 'tls.key'), key);
  const [http, direct, edgeTls, plain, secure, stranger] = await freePorts(6);
  ports = { plain: plain!, secure: secure!, stranger: stranger!, direct: direct! };
  const brokers = inject('brokers');
  streams = connect({ brokers, clientId: 'haproxy-test' });
  const admin = streams.admin();
  await admin.applyTopics(topicSpecs({ partitions: 4, replicationFactor: 1 }));
  await admin.close();
  const env = {
    KAFKA_BROKERS: brokers.join(','),
    SCHEMA_REGISTRY_URL: inject('registry'),
    FLEETWIRE_HTTP_HOST: '127.0.0.1',
    FLEETWIRE_HTTP_PORT: String(http!),
    FLEETWIRE_EDGE_HOST: '127.0.0.1',
    FLEETWIRE_LISTENERS: 'shared',
    FLEETWIRE_SHARED_PORT: String(direct!),
    FLEETWIRE_TLS_PORTS: `shared=${edgeTls!}`,
    FLEETWIRE_TLS_CERTIFICATES: path.join(folder, 'certificate'),
    FLEETWIRE_PROXY_PROTOCOL: 'required',
    FLEETWIRE_PROXY_TRUSTED: '127.0.0.1/32',
  };
  edge = new ServiceProcess('edge-listener', 'edge-behind-proxy', http!, direct!, env, folder);
  await edge.start();
  await edge.ready();
  const config = path.join(folder, 'haproxy.cfg');
  writeFileSync(
    config,
    `global
  maxconn 100
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen plain
  bind 127.0.0.1:${plain!}
  server edge 127.0.0.1:${direct!} send-proxy-v2 check check-send-proxy inter ${CHECK_MS}ms
listen secure
  bind 127.0.0.1:${secure!}
  server edge 127.0.0.1:${edgeTls!} send-proxy-v2
listen stranger
  bind 127.0.0.1:${stranger!}
  source 127.0.0.77
  server edge 127.0.0.1:${direct!} send-proxy-v2
`,
  );
  proxy = await Child.start({
    name: 'haproxy',
    command: tool('haproxy'),
    args: ['-db', '-f', config],
    logFile: path.join(folder, 'haproxy.log'),
  });
  await waitFor('the proxy to listen', () => listens(plain!), WAIT_MS);
}, 180_000);
afterAll(async () => {
  await proxy.stop(5_000);
  await edge.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function listens(port: number): Promise<boolean> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  return new Promise((resolve) => {
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Sends one report and tells whether it was confirmed before the connection ended. */
async function report(socket: net.Socket, imei: string): Promise<boolean> {
  const answer = new Promise<boolean>((resolve) => {
    socket.on('data', (data: Buffer) => resolve(data[0] === ACK));
    socket.on('close', () => resolve(false));
    socket.on('error', () => resolve(false));
  });
  const time = Math.floor(Date.now() / 1000);
  socket.write(packet(imei, [{ time, sequence: 1, latitude: 52_000_000, longitude: 4_000_000, speed: 0 }], false));
  return answer;
}

async function frameOf(imei: string): Promise<RawFrame> {
  const codec = await Codec.connect({
    registryUrl: inject('registry'),
    topics: ['raw-frames'],
    timeoutMs: WAIT_MS,
  });
  const found: RawFrame[] = [];
  await streams.read({
    topics: ['raw-frames'],
    from: 'beginning',
    signal: AbortSignal.timeout(WAIT_MS),
    onRecord: (record) => {
      const frame = codec.decode('raw-frames', record.value!);
      if (frame.ident === imei) found.push(frame);
      return found.length === 0;
    },
  });
  return found[0]!;
}

/** A device with an address of its own. */
const device = (port: number, address: string): net.Socket =>
  net.connect({ port, host: '127.0.0.1', localAddress: address });

describe('an edge behind HAProxy', () => {
  it('knows a device by its own address', async () => {
    const socket = device(ports.plain, '127.0.0.9');
    expect(await report(socket, '350000000007701')).toBe(true);
    const { peer, listener } = await frameOf('350000000007701');
    expect(`${peer} ${listener}`).toBe(`127.0.0.9:${socket.localPort!} shared`);
    socket.destroy();
  });

  it('does TLS with the device itself, and knows its address there too', async () => {
    const raw = device(ports.secure, '127.0.0.10');
    const socket = tls.connect({ socket: raw, ca: authority.cert, servername: 'edge.test' });
    expect(await report(socket, '350000000007702')).toBe(true);
    expect(socket.authorized).toBe(true);
    const { peer, listener } = await frameOf('350000000007702');
    expect(`${peer} ${listener}`).toBe(`127.0.0.10:${raw.localPort!} shared-tls`);
    socket.destroy();
  });

  it('takes nobody’s word but that of trusted proxies, and none without a header', async () => {
    const refused = { reason: 'proxy_header' };
    const before = await edge.metric('fleetwire_edge_connections_closed_total', refused);
    expect(await report(device(ports.stranger, '127.0.0.11'), '350000000007703')).toBe(false);
    expect(await report(device(ports.direct, '127.0.0.1'), '350000000007704')).toBe(false);
    expect(await edge.metric('fleetwire_edge_connections_closed_total', refused)).toBe(before + 2);
  });

  it('takes health checks for no devices, and says so to the proxy while it stands', async () => {
    const opened = await edge.metric('fleetwire_edge_connections_opened_total', { transport: 'tcp' });
    await new Promise((resolve) => setTimeout(resolve, 5 * CHECK_MS));
    expect(await edge.metric('fleetwire_edge_connections_opened_total', { transport: 'tcp' })).toBe(opened);
    expect(proxy.tail(20).join('\n')).not.toMatch(/DOWN/);
    // A proxy that saw the edge down would not pass a device on.
    expect(await report(device(ports.plain, '127.0.0.12'), '350000000007705')).toBe(true);
  });

  it('is taken out by the checks when it has stopped', async () => {
    await edge.kill('SIGTERM');
    await waitFor('the proxy to see it', () => /DOWN/.test(proxy.tail(20).join('\n')), WAIT_MS);
    expect(await report(device(ports.plain, '127.0.0.13'), '350000000007706')).toBe(false);
  });
});

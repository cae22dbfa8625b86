/** Devices on TLS ports, with certificates made here: names, renewals, certificates of devices, and handshakes that lead nowhere. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { ConfigError, SECRET_LOOK_MS } from '@fleetwire/service';
import { TestAuthority, type TestCertificate } from '@fleetwire/service/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from './config.js';
import { TcpDevice, TestEdge } from './testing/harness.js';

vi.setConfig({ testTimeout: 60_000 });

const authority = new TestAuthority();
let folder = '';
const edges: TestEdge[] = [];
beforeEach(() => void (folder = mkdtempSync(path.join(os.tmpdir(), 'edge-tls-'))));
afterEach(async () => {
  for (const edge of edges.splice(0)) await edge.stop();
  rmSync(folder, { recursive: true });
});

/** Writes a certificate as cert-manager does and returns its folder. */
function put(name: string, { cert, key }: TestCertificate): string {
  const at = path.join(folder, name);
  mkdirSync(at, { recursive: true });
  writeFileSync(path.join(at, 'tls.crt'), cert);
  writeFileSync(path.join(at, 'tls.key'), key);
  return at;
}
const issue = (commonName: string, names: readonly string[] = [], notAfter = new Date('2031-01-02T03:04:05Z')) =>
  authority.issue({ commonName, names, notAfter });

async function start(env: Record<string, string>): Promise<TestEdge> {
  const edge = await TestEdge.start({ env: { FLEETWIRE_LISTENERS: 'none', FLEETWIRE_TLS_PORTS: 'shared=0', ...env } });
  edges.push(edge);
  return edge;
}
const portOf = (edge: TestEdge): number => edge.edge.ports.get('shared-tls/tcp') ?? 0;

/** A device whose handshake is done; rejects when it fails. */
async function secure(edge: TestEdge, options: ConnectionOptions = {}): Promise<{ device: TcpDevice; tls: TLSSocket }> {
  const tls = connect({
    port: portOf(edge),
    host: '127.0.0.1',
    ca: authority.cert,
    checkServerIdentity: () => undefined,
    ...options,
  });
  await new Promise<void>((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject));
  return { device: TcpDevice.over(tls), tls };
}
const nameOf = (tls: TLSSocket): string => String(tls.getPeerCertificate().subject.CN);

describe('a TLS port', () => {
  it('takes devices as a plain one does, under a name of its own', async () => {
    const edge = await start({ FLEETWIRE_TLS_CERTIFICATES: put('a', issue('edge')) });
    const { device } = await secure(edge);
    device.say('D77,1\n');
    await device.hears('A1\n');
    device.say('D77,2\n');
    await device.hears('A1\nA2\n');
    expect(edge.frames.map(({ ident, listener }) => `${ident} ${listener}`)).toEqual([
      '77 shared-tls',
      '77 shared-tls',
    ]);
    expect(edge.frames[0]!.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await edge.metric('fleetwire_edge_tls_handshakes_total', { result: 'done' })).toBe(1);
    expect(await edge.metric('fleetwire_tls_certificate_not_after_timestamp_seconds')).toBe(
      Date.parse('2031-01-02T03:04:05Z') / 1000,
    );
    device.socket.end();
    await device.closed();
  });

  it('shows the certificate of the name that the client says, else the first of its port', async () => {
    const [a, b, c] = [put('a', issue('a', ['a.test'])), put('b', issue('b', ['*.b.test'])), put('c', issue('c'))];
    const edge = await start({ FLEETWIRE_TLS_CERTIFICATES: `${a},${b},shared=${c}` });
    const shown = async (servername?: string): Promise<string> => {
      const { tls } = await secure(edge, servername === undefined ? {} : { servername });
      const name = nameOf(tls);
      tls.destroy();
      return name;
    };
    expect([await shown('a.test'), await shown('x.b.test'), await shown('other.test'), await shown()]).toEqual([
      'a',
      'b',
      'c',
      'c',
    ]);
  });

  it('shows a renewed certificate to new clients, keeps those that are there, and keeps the old one when the new one is no good', async () => {
    const at = put('a', issue('first', ['edge.test']));
    const edge = await start({ FLEETWIRE_TLS_CERTIFICATES: at });
    const old = await secure(edge);
    old.device.say('D77,1\n');
    await old.device.hears('A1\n');
    // Half of a renewal: the key does not belong to the certificate.
    writeFileSync(path.join(at, 'tls.crt'), issue('broken').cert);
    await looked();
    const during = await secure(edge);
    expect(nameOf(during.tls)).toBe('first');
    put('a', issue('second', ['edge.test'], new Date('2032-01-02T03:04:05Z')));
    await looked();
    for (const servername of [undefined, 'edge.test']) {
      const { tls } = await secure(edge, servername === undefined ? {} : { servername });
      expect(nameOf(tls)).toBe('second');
      tls.destroy();
    }
    old.device.say('D77,2\n');
    await old.device.hears('A1\nA2\n');
    expect(await edge.metric('fleetwire_tls_certificate_not_after_timestamp_seconds')).toBe(
      Date.parse('2032-01-02T03:04:05Z') / 1000,
    );
    expect(edge.logs.filter(({ level }) => level === 'error')).toHaveLength(1);
    during.tls.destroy();
  });

  it('asks devices for certificates where that is set', async () => {
    const ca = path.join(folder, 'ca.crt');
    writeFileSync(ca, authority.cert);
    const certificates = { FLEETWIRE_TLS_CERTIFICATES: put('a', issue('edge')), FLEETWIRE_TLS_CLIENT_CA_FILE: ca };
    const good = issue('device 77');
    const bad = new TestAuthority('Somebody else').issue({ commonName: 'device 77' });
    const taken = async (edge: TestEdge, options: ConnectionOptions): Promise<boolean> => {
      // With TLS 1.3 a client learns of its refusal after its own side of the handshake.
      const { device } = await secure(edge, options);
      device.say('D77,1\n');
      await device.until(() => device.ended || device.text !== '');
      device.socket.destroy();
      return device.text === 'A1\n';
    };
    const required = await start({ ...certificates, FLEETWIRE_TLS_CLIENT_CERTIFICATES: 'required' });
    expect([await taken(required, good), await taken(required, bad), await taken(required, {})]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await required.metric('fleetwire_edge_tls_handshakes_total', { result: 'refused' })).toBe(2);
    const wanted = await start({ ...certificates, FLEETWIRE_TLS_CLIENT_CERTIFICATES: 'optional' });
    expect([await taken(wanted, good), await taken(wanted, bad), await taken(wanted, {})]).toEqual([true, false, true]);
  });

  it('ends handshakes that lead nowhere in their time, and serves the others in their turn', async () => {
    const edge = await start({
      FLEETWIRE_TLS_CERTIFICATES: put('a', issue('edge')),
      FLEETWIRE_TLS_HANDSHAKE_TIMEOUT_MS: '300',
      FLEETWIRE_TLS_HANDSHAKES_MAX: '2',
    });
    // Both slots are held by a silent client and one that sends a byte now and then.
    const [silent, slow] = [await plain(edge), await plain(edge)];
    slow.say(Buffer.from('16030102000100', 'hex')); // A handshake record of 512 bytes, of which one comes now and then.
    const trickle = setInterval(() => slow.say(Uint8Array.of(1)), 50);
    const { device } = await secure(edge);
    device.say('D77,1\n');
    await device.hears('A1\n');
    await Promise.all([silent.closed(), slow.closed()]);
    clearInterval(trickle);
    const talker = await plain(edge);
    talker.say('D77,1\n\n\n\n\n\n\n');
    await talker.closed();
    const gone = await plain(edge);
    gone.socket.destroy();
    await metric(edge, { result: 'gone' }, 1);
    await metric(edge, { result: 'failed' }, 1);
    expect(await edge.metric('fleetwire_edge_tls_handshakes_total', { result: 'timeout' })).toBe(2);
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'tls' })).toBe(4);
    device.say('D77,2\n');
    await device.hears('A1\nA2\n');
  });

  it('takes the header of a proxy before the handshake, also in one piece with it', async () => {
    const edge = await start({
      FLEETWIRE_TLS_CERTIFICATES: put('a', issue('edge')),
      FLEETWIRE_PROXY_PROTOCOL: 'required',
      FLEETWIRE_PROXY_TRUSTED: '127.0.0.0/8',
    });
    const header = Buffer.from('0d0a0d0a000d0a515549540a2111000cc00002017f0000011f900bb8', 'hex');
    for (const together of [false, true]) {
      const raw = await TcpDevice.connect(portOf(edge));
      const { device } = await secure(edge, { socket: behind(header, raw.socket, together) });
      device.say('D77,1\n');
      await device.hears('A1\n');
      raw.socket.destroy();
    }
    expect(edge.frames.map(({ peer }) => peer)).toEqual(['192.0.2.1:8080', '192.0.2.1:8080']);
  });

  it('is refused at the start when its certificate cannot be used', () => {
    const env = { FLEETWIRE_LISTENERS: 'none', FLEETWIRE_TLS_PORTS: 'shared=0' };
    const at = put('a', { ...issue('a'), key: issue('b').key });
    expect(() => new TestEdge({ env: { ...env, FLEETWIRE_TLS_CERTIFICATES: at } })).toThrow(`${at}/tls.crt`);
    const problems = (more: Record<string, string>): readonly string[] => {
      try {
        loadConfig({ KAFKA_BROKERS: 'a:1', SCHEMA_REGISTRY_URL: 'http://r', ...more });
      } catch (error) {
        if (error instanceof ConfigError) return error.problems.map(({ variable }) => variable);
      }
      return [];
    };
    expect(problems(env)).toEqual(['FLEETWIRE_TLS_CERTIFICATES']);
    expect(problems({ FLEETWIRE_TLS_PORTS: 'gt06=1' })).toEqual(['FLEETWIRE_TLS_PORTS']);
    expect(problems({ FLEETWIRE_LISTENERS: 'none' })).toEqual(['FLEETWIRE_LISTENERS']);
    expect(problems({ FLEETWIRE_TLS_CLIENT_CERTIFICATES: 'required' })).toEqual(['FLEETWIRE_TLS_CLIENT_CA_FILE']);
    expect(problems({ ...env, FLEETWIRE_TLS_PORTS: 'astra=1,astra=2', FLEETWIRE_TLS_CERTIFICATES: 'x' })).toEqual([
      'FLEETWIRE_TLS_PORTS',
    ]);
  });
});

/** A stream that writes `header` before everything else: in one piece with the first bytes, or by itself. */
function behind(header: Buffer, socket: Socket, together: boolean): Duplex {
  let first: Buffer | null = header;
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      if (first !== null && !together) socket.write(first);
      socket.write(first === null || !together ? chunk : Buffer.concat([first, chunk]), done);
      first = null;
    },
  });
  socket.on('data', (chunk: Buffer) => stream.push(chunk));
  return stream;
}

async function plain(edge: TestEdge): Promise<TcpDevice> {
  return TcpDevice.connect(portOf(edge));
}

/** Until the files are looked at again. */
const looked = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SECRET_LOOK_MS + 50));

async function metric(edge: TestEdge, labels: Record<string, string>, value: number): Promise<void> {
  while ((await edge.metric('fleetwire_edge_tls_handshakes_total', labels)) !== value)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

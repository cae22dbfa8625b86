/**
 * The image, built from the Dockerfile on stand-ins for its bases (scripts/substitute-bases.sh), and run as Kubernetes would: as user 65532 on a read-only root, without
 * capabilities, in bounded memory. What the stand-ins can not show: that the official bases, named by digest, have what these have.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { freePorts } from '@fleetwire/local';
import { ROOT } from '@fleetwire/validate';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { packet } from '../harness/astra-wire.js';
import { waitFor } from '../harness/wait.js';
import { Container } from './runc.js';
import { must } from './tools.js';

/** npm's download, a compilation of everything and two copies of the result, on a busy machine. */
const BUILD_MS = 1_200_000;
const MEMORY_BYTES = 512 * 2 ** 20;
const IMEI = '350000000000017';
const ACK = 0x06;

let folder = '';
let storage: readonly string[] = [];
let rootfs = '';
const buildah = (...args: readonly string[]): Promise<string> =>
  must('buildah', ['--storage-driver', 'vfs', ...storage, ...args], { cwd: ROOT });

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-image-'));
  storage = ['--root', path.join(folder, 'storage'), '--runroot', path.join(folder, 'run')];
  await must(path.join(ROOT, 'scripts', 'substitute-bases.sh'), storage);
  const build = ['bud', '--isolation', 'chroot', '--network', 'host', '--pull-never', '--timestamp', '0'];
  const bases = ['BUILD_IMAGE=localhost/fleetwire-base-build', 'RUNTIME_IMAGE=localhost/fleetwire-base-runtime'];
  await buildah(...build, ...bases.flatMap((base) => ['--build-arg', base]), '-t', 'localhost/fleetwire:test', '.');
  const container = (await buildah('from', '--pull-never', 'localhost/fleetwire:test')).trim();
  rootfs = (await buildah('mount', container)).trim();
}, BUILD_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000);

const container = (name: string, args: readonly string[], env: Readonly<Record<string, string>>): Container =>
  Container.start({
    name: `${name}-${process.pid}`,
    rootfs,
    folder,
    args: ['/nodejs/bin/node', ...args],
    env: {
      NODE_ENV: 'production',
      KAFKA_BROKERS: inject('brokers').join(','),
      SCHEMA_REGISTRY_URL: inject('registry'),
      ...env,
    },
    memoryBytes: MEMORY_BYTES,
  });

/** A line of /proc/PID/status. */
const status = (pid: number, field: string): string =>
  new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

describe('the image', () => {
  it('says what it runs, as whom, and on which ports', async () => {
    const { OCIv1 } = JSON.parse(await buildah('inspect', '--type', 'image', 'localhost/fleetwire:test')) as {
      OCIv1: { config: { User: string; Entrypoint: readonly string[]; ExposedPorts: Record<string, unknown> } };
    };
    expect(OCIv1.config.User).toBe('65532:65532');
    expect(OCIv1.config.Entrypoint).toEqual(['/nodejs/bin/node']);
    expect(Object.keys(OCIv1.config.ExposedPorts)).toHaveLength(11);
  });

  it('holds no tests, no tools of development and no shell, and says what it holds', () => {
    for (const gone of ['bin/sh', 'app/node_modules/typescript', 'app/node_modules/vitest', 'app/test', 'app/docs'])
      expect(existsSync(path.join(rootfs, gone)), gone).toBe(false);
    const bill = JSON.parse(readFileSync(path.join(rootfs, 'app', 'sbom.cdx.json'), 'utf8')) as {
      bomFormat: string;
      components: readonly { name: string; version: string }[];
    };
    expect(bill.bomFormat).toBe('CycloneDX');
    const held = bill.components.find(({ name }) => name === 'kafkajs');
    const installed = JSON.parse(
      readFileSync(path.join(rootfs, 'app', 'node_modules', 'kafkajs', 'package.json'), 'utf8'),
    ) as { version: string };
    expect(held?.version).toBe(installed.version);
  });

  it('makes the topics, then serves a device as user 65532 on a read-only root without capabilities, and ends with 0 when told', async () => {
    const topics = container(
      'topics',
      ['cli/bin/fleetwire.js', 'topics', 'apply', '--partitions', '4', '--replication', '1'],
      {},
    );
    expect(await topics.exited, topics.output).toBe(0);

    const [http, shared, astra, h02, jt808, atrack] = (await freePorts(6)).map(String);
    const edge = container('edge', ['services/edge-listener/dist/main.js'], {
      FLEETWIRE_HTTP_PORT: http!,
      FLEETWIRE_SHARED_PORT: shared!,
      FLEETWIRE_ASTRA_PORT: astra!,
      FLEETWIRE_H02_PORT: h02!,
      FLEETWIRE_JT808_PORT: jt808!,
      FLEETWIRE_ATRACK_PORT: atrack!,
      FLEETWIRE_DRAIN_LAME_DUCK_MS: '0',
    });
    void edge.exited.catch(() => undefined);
    await waitFor(
      'the edge to be ready',
      async () => (await fetch(`http://127.0.0.1:${http}/readyz`)).ok,
      90_000,
    ).catch((error: unknown) => {
      throw new Error(`the edge is not ready:\n${edge.output}`, { cause: error });
    });

    const pid = await edge.pid();
    expect(status(pid, 'Uid').split(/\s+/)).toEqual(Array(4).fill('65532'));
    for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb']) expect(status(pid, set), set).toMatch(/^0+$/);
    expect(status(pid, 'NoNewPrivs')).toBe('1');
    const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
    expect(mounts.find((line) => line.split(' ')[4] === '/')?.split(' ')[5]).toMatch(/^ro\b/);
    expect(memoryLimit(pid)).toBe(MEMORY_BYTES);

    expect(await answer(Number(shared))).toBe(ACK);
    await edge.signal('TERM');
    expect(await edge.exited, edge.output).toBe(0);
  }, 240_000);
});

/** Of the memory group of a process, in either version of control groups. */
function memoryLimit(pid: number): number {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const v1 = lines.find(([, controllers]) => controllers?.split(',').includes('memory'))?.[2];
  const v2 = lines.find(([number]) => number === '0')?.[2];
  const file =
    v1 === undefined ? `/sys/fs/cgroup${v2 ?? ''}/memory.max` : `/sys/fs/cgroup/memory${v1}/memory.limit_in_bytes`;
  return Number(readFileSync(file, 'utf8'));
}

/** Sends one packet; resolves with the first byte of the answer. */
function answer(port: number): Promise<number | undefined> {
  const report = {
    time: Math.floor(Date.now() / 1000) - 60,
    sequence: 1,
    latitude: 52_000_000,
    longitude: 13_000_000,
    speed: 40,
  };
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(packet(IMEI, [report], false)));
    socket.setTimeout(60_000, () => socket.destroy(new Error('no answer in 60 s')));
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes[0]);
    });
    socket.once('error', reject);
  });
}

/**
 * What the Docker engine is asked for, seen from an engine: a stand-in for its API on a Unix socket. It shows that the client library takes our plan for what we mean
 * (image, variables, fixed ports, folders), that the line of the log is waited for, and that an end is noticed. That the images start is not shown here.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kafkaContainer } from './containers.js';
import { ping } from './docker-engine.js';
import { startContainer } from './docker.js';

const ID = 'f'.repeat(64);

/** A frame of the log stream: 1 is standard output. */
function logFrame(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = 1;
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

class Engine {
  asked: Asked[] = [];
  /** Ends the container that runs. */
  end: (code: number) => void = () => undefined;
  readonly #server: http.Server;
  #ended: Promise<number> = Promise.resolve(0);

  constructor(readonly socket: string) {
    this.#server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const url = (request.url ?? '').replace(/^\/v[\d.]+/, '');
        const asked = { method: request.method ?? '', path: url, body: Buffer.concat(chunks).toString('utf8') };
        this.asked.push(asked);
        void this.#answer(asked, response);
      });
    });
  }

  /** Forgets what was asked; the next container has not ended. */
  begin(): void {
    this.asked = [];
    this.#ended = new Promise((resolve) => (this.end = resolve));
  }
  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.socket, resolve));
  }
  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
  of(method: string, part: string): Asked | undefined {
    return this.asked.find((one) => one.method === method && one.path.includes(part));
  }

  async #answer({ method, path: url, body }: Asked, response: http.ServerResponse): Promise<void> {
    const json = (status: number, value: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (url === '/_ping') response.writeHead(200).end('OK');
    else if (url.startsWith('/info'))
      json(200, { ServerVersion: '28.0', OperatingSystem: 'test', Architecture: 'x86_64' });
    else if (url === '/networks/bridge') json(200, { IPAM: { Config: [{ Gateway: '127.0.0.1' }] } });
    else if (url.startsWith('/images/')) json(200, { Id: 'sha256:0', RepoTags: [] });
    else if (url.startsWith('/containers/json')) json(200, []);
    else if (url.startsWith('/containers/create')) json(201, { Id: ID, Warnings: [] });
    else if (url.endsWith('/start')) response.writeHead(204).end();
    else if (url.includes('/logs'))
      response.writeHead(200).write(logFrame('x\n[KafkaRaftServer nodeId=1] Kafka Server started\n'));
    else if (url.includes('/wait')) json(200, { StatusCode: await this.#ended });
    else if (url.includes('/stop') || method === 'DELETE') {
      this.end(143);
      response.writeHead(204).end();
    } else if (url.startsWith(`/containers/${ID}/json`)) json(200, this.#inspect());
    else json(404, { message: `nothing answers ${method} ${url} ${body}` });
  }

  #inspect(): object {
    const create = this.of('POST', '/containers/create');
    const wanted = JSON.parse(create?.body ?? '{}') as {
      HostConfig?: { PortBindings?: Readonly<Record<string, readonly { HostPort: string }[]>> };
    };
    const bound = Object.entries(wanted.HostConfig?.PortBindings ?? {}).map(([port, to]) => [
      port,
      to.map(({ HostPort }) => ({ HostIp: '0.0.0.0', HostPort })),
    ]);
    return {
      Id: ID,
      Name: '/x',
      Created: new Date(0).toISOString(),
      Config: { Hostname: 'x', Labels: {} },
      State: {
        Status: 'running',
        Running: true,
        StartedAt: new Date(0).toISOString(),
        FinishedAt: '0001-01-01T00:00:00Z',
      },
      HostConfig: wanted.HostConfig ?? {},
      NetworkSettings: { Ports: Object.fromEntries(bound) as object, Networks: {} },
    };
  }
}

let folder = '';
let engine: Engine;
const before = { ...process.env };
// One engine for all: the library keeps the first that it finds.
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-docker-'));
  engine = new Engine(path.join(folder, 'engine.sock'));
  await engine.listen();
  // The library's own container, which removes ours if we are killed, needs a real engine.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
});
beforeEach(() => engine.begin());
afterAll(() => {
  engine.close();
  process.env = { ...before };
  rmSync(folder, { recursive: true, force: true });
});

describe('a container', () => {
  it('is asked for as planned, waited for by its log, and told of when it ends', { timeout: 60_000 }, async () => {
    expect(await ping(engine.socket)).toBe(true);
    const plan = kafkaContainer({ dataDir: path.join(folder, 'kafka'), port: 26_092, quick: true });
    const said: string[] = [];
    const part = await startContainer(plan, { socket: engine.socket, dataDir: folder, log: (line) => said.push(line) });

    const create = JSON.parse(engine.of('POST', '/containers/create')?.body ?? '{}') as {
      Image: string;
      Env: readonly string[];
      HostConfig: { PortBindings: Record<string, readonly { HostPort: string }[]>; Binds: readonly string[] };
    };
    expect(create.Image).toBe(plan.image);
    expect(create.Env).toEqual(expect.arrayContaining(Object.entries(plan.environment).map(([k, v]) => `${k}=${v}`)));
    expect(create.HostConfig.PortBindings['26092/tcp']?.map(({ HostPort }) => HostPort)).toEqual(['26092']);
    expect(create.HostConfig.Binds).toEqual([`${path.join(folder, 'kafka')}:/var/lib/kafka/data:rw`]);
    expect(said[0]).toContain(plan.image);
    // The log is followed beside: what the library waited for may not have come by there yet.
    const written = (): string => readFileSync(path.join(folder, 'logs', 'broker.log'), 'utf8');
    await expect.poll(written, { timeout: 30_000 }).toContain('Kafka Server started');
    await expect.poll(async () => (await part.tail(1))[0], { timeout: 30_000 }).toContain('Kafka Server started');

    engine.end(137);
    expect(await part.exited).toEqual({ code: 137, signal: null });
  });

  it('is stopped once, however often it is asked for', { timeout: 60_000 }, async () => {
    const plan = kafkaContainer({ dataDir: path.join(folder, 'kafka'), port: 26_093, quick: true });
    const part = await startContainer(plan, { socket: engine.socket, dataDir: folder, log: () => undefined });
    await Promise.all([part.stop(), part.stop()]);
    expect(engine.asked.filter(({ path: url }) => url.includes('/stop'))).toHaveLength(1);
    expect((await part.exited).code).toBe(143);
  });
});

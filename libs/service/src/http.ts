/**
 * Probes and metrics over HTTP, served by the main loop: a stuck loop must not look alive.
 *
 * `/livez` and `/readyz` answer 200 or 503 with `{"status":"ok"|"failing","checks":{"<name>":{"ok":true}|{"ok":false,"reason":"…"}}}`,
 * `/metrics` the Prometheus text, or OpenMetrics. Everything else is 404, everything but GET and HEAD 405.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Exposition } from './metrics.js';

/** True: good. A text: why not. Must return at once. */
export type Check = () => true | string;

export interface HttpOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Named checks at the time of the request. */
  readonly live: () => Readonly<Record<string, Check>>;
  readonly ready: () => Readonly<Record<string, Check>>;
  readonly metrics: { exposition(openMetrics: boolean): Promise<Exposition> };
}
export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Scrapers and probes are few; more is a mistake or an attack. */
const CONNECTIONS_MAX = 64;
const REQUEST_TIMEOUT_MS = 5_000;
const HEADER_BYTES_MAX = 8_192;

/** Rejects when the port is taken, naming it. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  // One scrape of a form at a time: a second one while the first is formatted gets the same text.
  const scrapes = new Map<boolean, Promise<Exposition>>();
  const exposed = (openMetrics: boolean): Promise<Exposition> => {
    const running = scrapes.get(openMetrics);
    if (running !== undefined) return running;
    const scrape = options.metrics.exposition(openMetrics).finally(() => scrapes.delete(openMetrics));
    scrapes.set(openMetrics, scrape);
    return scrape;
  };
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      request.resume();
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        answer(response, 405, 'text/plain', 'Only GET and HEAD are answered.\n');
        return;
      }
      const path = (request.url ?? '/').split('?', 1)[0];
      if (path === '/livez') answerChecks(response, options.live());
      else if (path === '/readyz') answerChecks(response, options.ready());
      else if (path === '/metrics')
        exposed(request.headers.accept?.includes('application/openmetrics-text') ?? false).then(
          ({ contentType, text }) => answer(response, 200, contentType, text),
          (error: unknown) =>
            answer(response, 500, 'text/plain', `The metrics could not be formatted: ${String(error)}\n`),
        );
      else answer(response, 404, 'text/plain', 'There are /livez, /readyz and /metrics.\n');
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options.host, options.port);
  return {
    port: portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is in use by another process' : `cannot be opened (${error.message})`;
      reject(
        new Error(`The HTTP port ${host}:${port} ${why}; set FLEETWIRE_HTTP_PORT to a free port.`, { cause: error }),
      );
    });
    server.listen(port, host, () => resolve());
  });
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}

function answerChecks(response: ServerResponse, checks: Readonly<Record<string, Check>>): void {
  const results = Object.entries(checks).map(([name, check]) => [name, check()] as const);
  const ok = results.every(([, result]) => result === true);
  const body = {
    status: ok ? 'ok' : 'failing',
    checks: Object.fromEntries(
      results.map(([name, result]) => [name, result === true ? { ok: true } : { ok: false, reason: result }]),
    ),
  };
  answer(response, ok ? 200 : 503, 'application/json', `${JSON.stringify(body)}\n`);
}

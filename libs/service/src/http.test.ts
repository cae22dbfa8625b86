import { afterEach, describe, expect, it } from 'vitest';
import { startHttp, type Check, type HttpServer } from './http.js';
import { Metrics } from './metrics.js';

const open: HttpServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
async function serve(ready: Record<string, Check>): Promise<HttpServer> {
  const metrics = new Metrics('sampler', { process: false });
  metrics.gauge({ name: 'fleetwire_level_bytes', help: 'level' }).of({}).value = 3;
  const server = await startHttp({ host: '127.0.0.1', port: 0, live: () => ({}), ready: () => ready, metrics });
  open.push(server);
  return server;
}

describe('startHttp', () => {
  it('answers probes with every check by name', async () => {
    let broker: true | string = 'no answer since 4 s';
    const { port } = await serve({ listeners: () => true, broker: () => broker });
    const failing = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect(failing.status).toBe(503);
    expect(await failing.json()).toEqual({
      status: 'failing',
      checks: { listeners: { ok: true }, broker: { ok: false, reason: 'no answer since 4 s' } },
    });
    broker = true;
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
  });

  it('serves the metrics as Prometheus text', async () => {
    const { port } = await serve({});
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('fleetwire_level_bytes{app="sampler"} 3');
  });

  it('refuses other paths and methods', async () => {
    const { port } = await serve({});
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it('names the port that is taken and the setting that moves it', async () => {
    const { port } = await serve({});
    const metrics = new Metrics('sampler', { process: false });
    await expect(startHttp({ host: '127.0.0.1', port, live: () => ({}), ready: () => ({}), metrics })).rejects.toThrow(
      `127.0.0.1:${port} is in use by another process; set FLEETWIRE_HTTP_PORT`,
    );
  });
});

import dgram from 'node:dgram';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { edgePorts, EDGE_PORT_NAMES, portsOfEdge, takePorts } from './ports.js';

describe('the ports of an edge', () => {
  it('are those that fleets use, unless a variable or an option says otherwise', () => {
    expect(edgePorts({}, {})).toMatchObject({ shared: 8888, astra: 5103, h02: 5013, jt808: 5015, atrack: 5044 });
    const ports = edgePorts(
      { astra: 1 },
      { FLEETWIRE_ASTRA_PORT: '2', FLEETWIRE_H02_PORT: '3', FLEETWIRE_JT808_PORT: '' },
    );
    expect(ports).toMatchObject({ astra: 1, h02: 3, jt808: 5015 });
  });

  it('are refused by name', () => {
    expect(() => edgePorts({}, { FLEETWIRE_H02_PORT: '70000' })).toThrow(/FLEETWIRE_H02_PORT: "70000" is not a port/);
    expect(() => edgePorts({ h02: 5103 }, {})).toThrow(/h02 and astra have the same port 5103/);
    expect(() => portsOfEdge(edgePorts({ shared: 65_500 }, {}), 1)).toThrow(/edge 2 would have shared on port 65600/);
  });

  it('never meet, however many edges of the default there are', () => {
    const all = Array.from({ length: 20 }, (_, i) => Object.values(portsOfEdge(edgePorts({}, {}), i))).flat();
    expect(new Set(all).size).toBe(all.length);
  });

  it('may be left to the system, which gives each another', async () => {
    const free = edgePorts({ shared: 0, astra: 0, h02: 0, jt808: 0, atrack: 0 }, {});
    const chosen = new Set<number>();
    const first = await takePorts(portsOfEdge(free, 0), '127.0.0.1', chosen);
    const second = await takePorts(portsOfEdge(free, 1), '127.0.0.1', chosen);
    const all = [...EDGE_PORT_NAMES.map((n) => first[n]), ...EDGE_PORT_NAMES.map((n) => second[n])];
    expect(new Set(all).size).toBe(10);
    expect(all).not.toContain(0);
  });

  it('that are taken are named with their setting, by TCP', async () => {
    const server = net.createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port)),
    );
    const ports = edgePorts({ shared: 0, astra: 0, h02: port, jt808: 0, atrack: 0 }, {});
    await expect(takePorts(ports, '127.0.0.1', new Set())).rejects.toMatchObject({
      message: `device port ${port}/tcp (h02) is in use on 127.0.0.1`,
      remedy: expect.stringContaining('--h02-port (or FLEETWIRE_H02_PORT') as unknown,
    });
    await new Promise((resolve) => server.close(resolve));
  });

  it('that are taken are named with their setting, by UDP too', async () => {
    const socket = dgram.createSocket('udp4');
    const port = await new Promise<number>((resolve) =>
      socket.bind({ port: 0, address: '127.0.0.1', exclusive: true }, () => resolve(socket.address().port)),
    );
    const ports = edgePorts({ shared: port, astra: 0, h02: 0, jt808: 0, atrack: 0 }, {});
    await expect(takePorts(ports, '127.0.0.1', new Set())).rejects.toThrow(
      `device port ${port}/udp (shared) is in use`,
    );
    await new Promise<void>((resolve) => socket.close(resolve));
  });
});

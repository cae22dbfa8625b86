import { describe, expect, it } from 'vitest';
import { planNodes } from './cluster.js';
import { formatProperties, kafkaProperties } from './kafka-properties.js';

const alone = { id: 1, port: 19092, controllerPort: 19093 };

describe('the properties of a broker', () => {
  it('keep one copy of everything when it is alone', () => {
    const p = kafkaProperties({ node: alone, nodes: [alone], logDir: '/d' });
    expect(p['controller.quorum.voters']).toBe('1@127.0.0.1:19093');
    expect(p['listeners']).toBe('PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093');
    expect(p['advertised.listeners']).toBe('PLAINTEXT://127.0.0.1:19092');
    expect(p['transaction.state.log.replication.factor']).toBe('1');
    expect(p['min.insync.replicas']).toBe('1');
    expect(p['broker.session.timeout.ms']).toBe('2000');
    expect(p['auto.create.topics.enable']).toBe('false');
  });

  it('of three keep three copies, two of which must have a record, of the internal topics too', () => {
    const nodes = planNodes(3, [1, 2, 3, 4, 5, 6]);
    const p = kafkaProperties({ node: nodes[1]!, nodes, logDir: '/d' });
    expect(p['node.id']).toBe('2');
    expect(p['controller.quorum.voters']).toBe('1@127.0.0.1:4,2@127.0.0.1:5,3@127.0.0.1:6');
    for (const topic of ['offsets.topic', 'transaction.state.log', 'share.coordinator.state.topic']) {
      expect(p[`${topic}.replication.factor`]).toBe('3');
    }
    for (const key of [
      'min.insync.replicas',
      'transaction.state.log.min.isr',
      'share.coordinator.state.topic.min.isr',
    ]) {
      expect(p[key]).toBe('2');
    }
  });

  it('advertise a proxy on a listener of its own, so that brokers never talk through it', () => {
    const node = { ...alone, proxied: { port: 19094, advertisedPort: 20000 } };
    const p = kafkaProperties({ node, nodes: [node], logDir: '/d' });
    expect(p['listeners']).toContain('PROXIED://127.0.0.1:19094');
    expect(p['advertised.listeners']).toBe('PLAINTEXT://127.0.0.1:19092,PROXIED://127.0.0.1:20000');
    expect(p['inter.broker.listener.name']).toBe('PLAINTEXT');
    expect(p['listener.security.protocol.map']).toContain('PROXIED:PLAINTEXT');
  });

  it('clean up within a second only where a test asks for it', () => {
    const key = 'transaction.abort.timed.out.transaction.cleanup.interval.ms';
    expect(kafkaProperties({ node: alone, nodes: [alone], logDir: '/d', quick: true })[key]).toBe('1000');
    expect(kafkaProperties({ node: alone, nodes: [alone], logDir: '/d' })[key]).toBeUndefined();
  });

  it('are overridden by what is given', () => {
    const p = kafkaProperties({ node: alone, nodes: [alone], logDir: '/d', overrides: { 'num.io.threads': '9' } });
    expect(p['num.io.threads']).toBe('9');
  });

  it('keep a backslash of a value', () => {
    expect(formatProperties({ 'log.dirs': 'C:\\data' })).toBe('log.dirs=C:\\\\data\n');
  });
});

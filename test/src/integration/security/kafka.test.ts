/**
 * Kafka over TLS with client certificates, and with SCRAM, on a real broker with certificates made here: what a service is configured with
 * is what it connects with, and a renewed secret is used by the next connection without a restart.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { freePorts, startBroker, type Broker } from '@fleetwire/local';
import {
  SECRET_LOOK_MS,
  checkCommon,
  commonVariables,
  defineConfig,
  kafkaConnection,
  type KafkaConnection,
} from '@fleetwire/service';
import { TestAuthority } from '@fleetwire/service/testing';
import { connect, type StreamLog, type Streams } from '@fleetwire/streaming';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setScramPassword } from '../../harness/scram.js';

const TOPIC = 'secured';
const log: StreamLog = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const [authority, other] = [new TestAuthority('Ours'), new TestAuthority('Somebody else’s')];
let folder = '';
let broker: Broker;
let securePort = 0;
let loginPort = 0;

const at = (name: string): string => path.join(folder, name);
function put(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-security-'));
  const server = authority.issue({ commonName: 'broker', names: ['127.0.0.1'] });
  put('ca.crt', authority.cert);
  put('other-ca.crt', other.cert);
  put('broker.pem', server.key + server.cert);
  const [port, controllerPort, secure, login] = await freePorts(4);
  [securePort, loginPort] = [secure!, login!];
  const client = `PLAINTEXT://127.0.0.1:${port!},SECURE://127.0.0.1:${secure!},LOGIN://127.0.0.1:${login!}`;
  const pem = (listener: string): Record<string, string> => ({
    [`listener.name.${listener}.ssl.keystore.type`]: 'PEM',
    [`listener.name.${listener}.ssl.keystore.location`]: at('broker.pem'),
    [`listener.name.${listener}.ssl.truststore.type`]: 'PEM',
    [`listener.name.${listener}.ssl.truststore.location`]: at('ca.crt'),
  });
  broker = await startBroker({
    dataDir: at('broker'),
    port: port!,
    controllerPort: controllerPort!,
    properties: {
      listeners: `${client},CONTROLLER://127.0.0.1:${controllerPort!}`,
      'advertised.listeners': client,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SSL,LOGIN:SASL_SSL',
      ...pem('secure'),
      'listener.name.secure.ssl.client.auth': 'required',
      ...pem('login'),
      'listener.name.login.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'listener.name.login.scram-sha-512.sasl.jaas.config':
        'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    },
  });
  const admin = connect({ brokers: [broker.address], clientId: 'security-test' }).admin();
  await admin.applyTopics([{ name: TOPIC, partitions: 1, replicationFactor: 1, config: {} }]);
  await admin.close();
});
afterAll(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

const definition = defineConfig('security-test', commonVariables('security-test', 0), checkCommon);
/** As a service makes it of its environment. */
function connection(port: number, env: Record<string, string>): KafkaConnection {
  const KAFKA_BROKERS = `127.0.0.1:${port}`;
  const all = { KAFKA_BROKERS, SCHEMA_REGISTRY_URL: 'http://none', KAFKA_TLS: 'true', ...env };
  return kafkaConnection(definition.load(all));
}
/** One connection with the secrets of this moment; the client itself would try for a long time. */
function answered(port: number, { ssl }: KafkaConnection): Promise<boolean> {
  const socket = connectTls({ port, host: '127.0.0.1', ...(ssl !== undefined && { secureContext: ssl() }) });
  return new Promise((resolve) => {
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.on('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.write(Buffer.from('0000000a0012000000000001ffff', 'hex')); // Which versions do you speak?
  });
}
/** Looks over a new connection. */
async function reaches(cluster: Streams): Promise<boolean> {
  const admin = cluster.admin();
  try {
    return (await admin.partitionCount(TOPIC)) === 1;
  } catch {
    return false;
  } finally {
    await admin.close();
  }
}
/** Until files are looked at again. */
const looked = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SECRET_LOOK_MS + 50));
const send = (value: string) => [{ topic: TOPIC, key: 'k', value: Buffer.from(value) }];

describe('Kafka over TLS', () => {
  const files = () => ({
    KAFKA_TLS_CA_FILE: at('ca.crt'),
    KAFKA_TLS_CERT_FILE: at('client.crt'),
    KAFKA_TLS_KEY_FILE: at('client.key'),
  });
  const renew = (by: TestAuthority): void => {
    const { cert, key } = by.issue({ commonName: 'edge' });
    put('client.crt', cert);
    put('client.key', key);
  };

  it('takes a client certificate of the authority, and a renewed one at the next connection', async () => {
    renew(authority);
    const secured = connection(securePort, files());
    const cluster = connect(secured);
    const producer = cluster.producer({ log });
    await producer.send(send('1'));
    renew(other);
    await looked();
    expect(await answered(securePort, secured), 'a certificate of somebody else').toBe(false);
    renew(authority);
    await looked();
    expect(await reaches(cluster), 'a renewed certificate').toBe(true);
    // The connection that was there all the time.
    await producer.send(send('2'));
    await producer.close();
  });

  it('refuses a broker whose authority is not the one that is configured, and a client without a certificate', async () => {
    const outcome = (port: number, ca: string) => answered(port, connection(port, { KAFKA_TLS_CA_FILE: at(ca) }));
    expect(await outcome(loginPort, 'ca.crt')).toBe(true);
    expect(await outcome(loginPort, 'other-ca.crt')).toBe(false);
    expect(await outcome(securePort, 'ca.crt')).toBe(false);
  });
});

describe('Kafka with SCRAM over TLS', () => {
  it('takes the password of a file, and a changed one at the next connection', async () => {
    await setScramPassword(broker.port, 'edge', 'first');
    const cluster = connect(
      connection(loginPort, {
        KAFKA_TLS_CA_FILE: at('ca.crt'),
        KAFKA_SASL_MECHANISM: 'scram-sha-512',
        KAFKA_SASL_USERNAME: 'edge',
        KAFKA_SASL_PASSWORD_FILE: put('password', 'first\n'),
      }),
    );
    const producer = cluster.producer({ log });
    await producer.send(send('1'));
    await setScramPassword(broker.port, 'edge', 'second');
    expect(await reaches(cluster), 'the old password').toBe(false);
    put('password', 'second\n');
    await looked();
    expect(await reaches(cluster), 'the new password').toBe(true);
    await producer.send(send('2'));
    await producer.close();
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endpointsOf, endpointsWithRegistry, INSTANCE_FILE } from './connect.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'fleetwire-connect-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function instance(text: string): void {
  mkdirSync(join(folder, '.fleetwire'));
  writeFileSync(join(folder, INSTANCE_FILE), text);
}
const LOCAL_OR_NAMED: unknown = expect.stringMatching(/fleetwire up.*KAFKA_BROKERS.*--brokers/);
const RUNNING = JSON.stringify({
  brokers: ['127.0.0.1:19092'],
  registry: 'http://127.0.0.1:18081/apis/ccompat/v7',
  pid: 1,
});

describe('finding Kafka and the registry', () => {
  it('finds a running instance from a folder below it', () => {
    instance(RUNNING);
    const below = join(folder, 'a', 'b');
    mkdirSync(below, { recursive: true });
    expect(endpointsOf({}, {}, below)).toEqual({
      brokers: ['127.0.0.1:19092'],
      registry: 'http://127.0.0.1:18081/apis/ccompat/v7',
    });
  });

  it('prefers the environment to the instance, and the command line to both', () => {
    instance(RUNNING);
    const env = { KAFKA_BROKERS: 'env-1:9092, env-2:9092', SCHEMA_REGISTRY_URL: 'http://env:8081' };
    expect(endpointsOf({}, env, folder)).toEqual({
      brokers: ['env-1:9092', 'env-2:9092'],
      registry: 'http://env:8081',
    });
    expect(endpointsOf({ brokers: 'flag:1', registry: 'http://flag:2' }, env, folder)).toEqual({
      brokers: ['flag:1'],
      registry: 'http://flag:2',
    });
  });

  it('takes brokers as text too, and does without a registry only where none is needed', () => {
    instance(JSON.stringify({ brokers: '127.0.0.1:19092' }));
    expect(endpointsOf({}, {}, folder).registry).toBeNull();
    expect(() => endpointsWithRegistry({}, {}, folder)).toThrow(/no schema registry/);
  });

  it('says how to start or name one when there is none', () => {
    expect(() => endpointsOf({}, { KAFKA_BROKERS: ' ' }, folder)).toThrow(
      expect.objectContaining({ exitCode: 1, remedy: LOCAL_OR_NAMED }),
    );
  });

  it('refuses brokers and addresses that can not be used', () => {
    expect(() => endpointsOf({ brokers: 'localhost' }, {}, folder)).toThrow(/"localhost" is not host:port/);
    expect(() => endpointsOf({ brokers: ' , ' }, {}, folder)).toThrow(expect.objectContaining({ exitCode: 2 }));
    expect(() => endpointsOf({ brokers: 'a:1', registry: 'not a url' }, {}, folder)).toThrow(
      /"not a url" is not a URL/,
    );
  });

  it('names a broken instance file', () => {
    instance('{');
    expect(() => endpointsOf({}, {}, folder)).toThrow(/instance\.json is not JSON/);
  });
});

import { describe, expect, it } from 'vitest';
import { registryArguments, startFailure } from './registry.js';

describe('the registry as a process', () => {
  it('listens on the loopback alone, with its own HTTP listener too', () => {
    const args = registryArguments({ port: 1, managementPort: 2, database: '/d/registry', jar: 'x.jar' });
    expect(args).toContain('-Dquarkus.http.host=127.0.0.1');
    expect(args).toContain('-Dquarkus.management.host=127.0.0.1');
    expect(args).toContain('-Dquarkus.management.port=2');
    expect(args.slice(-2)).toEqual(['-jar', 'x.jar']);
  });

  it('is seen to fail by its log, since it does not end by itself', () => {
    expect(startFailure('INFO starting\njava.lang.UnsupportedClassVersionError: class file version 65.0\n\tat x')).toBe(
      'java.lang.UnsupportedClassVersionError: class file version 65.0',
    );
    expect(startFailure('ERROR [Application] Failed to start application')).toContain('Failed to start');
    expect(startFailure('INFO installed features')).toBeNull();
  });
});

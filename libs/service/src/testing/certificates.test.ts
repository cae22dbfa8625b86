import { X509Certificate, createPrivateKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { TestAuthority } from './certificates.js';

describe('TestAuthority', () => {
  it('issues certificates that the system’s own reader takes and that its certificate verifies', () => {
    const authority = new TestAuthority('An authority');
    const notAfter = new Date('2040-02-03T04:05:06Z');
    const { cert, key } = authority.issue({
      commonName: 'edge',
      names: ['edge.test', '*.edge.test', '127.0.0.1'],
      notAfter,
    });
    const [issuer, read] = [new X509Certificate(authority.cert), new X509Certificate(cert)];
    expect(read.verify(issuer.publicKey)).toBe(true);
    expect(read.checkIssued(issuer)).toBe(true);
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect([issuer.ca, read.ca]).toEqual([true, false]);
    expect(read.subject).toBe('CN=edge');
    expect(new Date(read.validTo).getTime()).toBe(notAfter.getTime());
    expect(read.checkHost('a.edge.test')).toBe('*.edge.test');
    expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(read.verify(new X509Certificate(new TestAuthority().cert).publicKey)).toBe(false);
  });
});

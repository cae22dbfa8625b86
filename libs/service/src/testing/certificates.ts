/**
 * Certificates made at test time: an authority of the test's own, and what it signs. X.509 version 3 (RFC 5280), P-256, ECDSA with SHA-256.
 * Not for production: keys live in memory and there is no revocation.
 */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import * as der from './der.js';

const ECDSA_WITH_SHA256 = der.sequence(der.objectId('1.2.840.10045.4.3.2'));
const COMMON_NAME = '2.5.4.3';
const DAY_MS = 86_400_000;
/** A clock that is a little behind must accept a certificate of this moment. */
const NOT_BEFORE_MS = 3_600_000;

/** PEM texts, as they stand in files. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly notAfter: Date;
}

export interface IssueOptions {
  readonly commonName: string;
  /** DNS names and IPv4 addresses that it is good for. */
  readonly names?: readonly string[];
  /** Absent: in 30 days. */
  readonly notAfter?: Date;
}

export class TestAuthority {
  /** Its own certificate, self-signed. */
  readonly cert: string;
  readonly #name: Buffer;
  readonly #key: KeyObject;
  readonly #keyId: Buffer;

  constructor(commonName = 'Test authority') {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#name = nameOf(commonName);
    this.#key = privateKey;
    this.#keyId = keyIdOf(publicKey);
    const extensions = [
      extension('2.5.29.19', der.sequence(der.flag(true)), true), // Basic constraints: an authority.
      extension('2.5.29.15', der.bits(Buffer.of(0x06), 1), true), // Key usage: signs certificates and revocations.
    ];
    this.cert = this.#sign(this.#name, publicKey, new Date(Date.now() + 30 * DAY_MS), extensions);
  }

  /** A certificate for servers and clients. */
  issue(options: IssueOptions): TestCertificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const notAfter = options.notAfter ?? new Date(Date.now() + 30 * DAY_MS);
    const names = (options.names ?? []).map((name) =>
      isIP(name) === 4
        ? der.implicit(7, Buffer.from(name.split('.').map(Number)))
        : der.implicit(2, Buffer.from(name, 'latin1')),
    );
    const extensions = [
      extension('2.5.29.15', der.bits(Buffer.of(0x80), 7), true), // Key usage: signs handshakes.
      extension('2.5.29.37', der.sequence(der.objectId('1.3.6.1.5.5.7.3.1'), der.objectId('1.3.6.1.5.5.7.3.2'))),
      ...(names.length === 0 ? [] : [extension('2.5.29.17', der.sequence(...names))]),
    ];
    const cert = this.#sign(nameOf(options.commonName), publicKey, notAfter, extensions);
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), notAfter };
  }

  #sign(subject: Buffer, publicKey: KeyObject, notAfter: Date, extensions: readonly Buffer[]): string {
    const identifiers = [
      extension('2.5.29.14', der.octets(keyIdOf(publicKey))),
      extension('2.5.29.35', der.sequence(der.implicit(0, this.#keyId))),
    ];
    const body = der.sequence(
      der.tagged(0, der.integer(2n)),
      der.integer(BigInt(`0x${randomBytes(16).toString('hex')}`)),
      ECDSA_WITH_SHA256,
      this.#name,
      der.sequence(der.time(new Date(Math.min(Date.now(), notAfter.getTime()) - NOT_BEFORE_MS)), der.time(notAfter)),
      subject,
      publicKey.export({ type: 'spki', format: 'der' }),
      der.tagged(3, der.sequence(...extensions, ...identifiers)),
    );
    const whole = der.sequence(body, ECDSA_WITH_SHA256, der.bits(sign('sha256', body, this.#key)));
    const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  }
}

function nameOf(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.objectId(COMMON_NAME), der.text(commonName))));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return der.sequence(der.objectId(id), ...(critical ? [der.flag(true)] : []), der.octets(value));
}

function keyIdOf(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

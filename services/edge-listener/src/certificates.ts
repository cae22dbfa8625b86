/**
 * The certificates of the TLS ports, read again when their files change: a handshake that begins after that uses the new one, and no
 * connection is dropped for it. A renewal that cannot be used is logged, and the old certificate stays.
 */
import { X509Certificate } from 'node:crypto';
import path from 'node:path';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { SecretFiles, type Logger } from '@fleetwire/service';
import { CERTIFICATE_FILE, KEY_FILE, parseCertificate, type TlsConfig } from './config-tls.js';

/** Resumed sessions must have been begun with this service; a client certificate is checked when they begin. */
const SESSION_CONTEXT = 'fleetwire-edge';

export interface Certificate {
  /** As given to a server, which makes its own context of them for clients that name no server. */
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
  readonly x509: X509Certificate;
}

interface Entry {
  /** Null: for every port. */
  readonly listener: string | null;
  readonly folder: string;
  readonly files: SecretFiles<Certificate>;
}

export class Certificates {
  readonly #entries: readonly Entry[];

  /** Reads all files. Throws an error that names those that cannot be used. */
  constructor(config: TlsConfig, listeners: readonly string[], log: Logger) {
    const ca = config.tlsClientCaFile;
    this.#entries = config.tlsCertificates.flatMap((entry) => {
      const parsed = parseCertificate(entry, listeners);
      if (parsed === null) return [];
      const pair = [path.join(parsed.folder, CERTIFICATE_FILE), path.join(parsed.folder, KEY_FILE)];
      const files = new SecretFiles({
        what: 'The certificate for devices',
        files: ca === null ? pair : [...pair, ca],
        build: ([cert = '', key = '', clientCa]) => load(cert, key, clientCa ?? null, config.tlsMinVersion),
        log,
      });
      return [{ ...parsed, files }];
    });
  }

  /** The one for a client that names no server: the port's own before those of all ports, each in the order of the configuration. */
  defaultOf(listener: string): Certificate {
    const entry = this.#of(listener)[0];
    if (entry === undefined) throw new Error(`There is no certificate for the TLS port of ${listener}.`);
    return entry.files.current();
  }

  /** The one for the server that a client names; without one that fits, the default. */
  forName(listener: string, serverName: string): Certificate {
    for (const { files } of this.#of(listener)) {
      const certificate = files.current();
      if (certificate.x509.checkHost(serverName) !== undefined) return certificate;
    }
    return this.defaultOf(listener);
  }

  /** Folder → seconds since 1970 at which its certificate ends. */
  notAfterSeconds(): ReadonlyMap<string, number> {
    return new Map(this.#entries.map(({ folder, files }) => [folder, Date.parse(files.current().x509.validTo) / 1000]));
  }

  #of(listener: string): readonly Entry[] {
    const own = this.#entries.filter((entry) => entry.listener === listener);
    return [...own, ...this.#entries.filter((entry) => entry.listener === null)];
  }
}

function load(cert: string, key: string, clientCa: string | null, version: TlsConfig['tlsMinVersion']): Certificate {
  const options: SecureContextOptions = {
    cert,
    key,
    minVersion: `TLSv${version}`,
    sessionIdContext: SESSION_CONTEXT,
    ...(clientCa !== null && { ca: clientCa }),
  };
  // Throws when the two do not go together: a renewal that is only half written.
  return { options, context: createSecureContext(options), x509: new X509Certificate(cert) };
}

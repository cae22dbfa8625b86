/** Variables of TLS for devices: ports of its own beside the plain ones, certificates as folders, who must show one. */
import { choice, integer, list, optional, text, type ConfigProblem } from '@fleetwire/service';

export const TLS_VERSIONS = ['1.2', '1.3'] as const;
export const CLIENT_CERTIFICATES = ['off', 'optional', 'required'] as const;
/** In a folder of a certificate, as Kubernetes and cert-manager write them. */
export const CERTIFICATE_FILE = 'tls.crt';
export const KEY_FILE = 'tls.key';

/** `listeners`: the names that a port or a certificate may be for. */
export function tlsVariables(listeners: readonly string[]) {
  return {
    tlsPorts: list('FLEETWIRE_TLS_PORTS', {
      meaning:
        'TCP ports that speak TLS, as listener=port, comma-separated, such as astra=6103; they come beside the plain ones',
      default: [],
      problemOf: (entry) =>
        parseTlsPort(entry, listeners) === null ? `has an entry that is no listener=port: "${entry}"` : null,
      remedy: `Give entries such as astra=6103, of ${listeners.join(', ')}.`,
    }),
    tlsCertificates: list('FLEETWIRE_TLS_CERTIFICATES', {
      meaning: `folders with ${CERTIFICATE_FILE} and ${KEY_FILE} (PEM), comma-separated, or listener=folder for the port of one; a client that names its server gets the one for that name, another the first of its port`,
      default: [],
      problemOf: (entry) =>
        parseCertificate(entry, listeners) === null ? `has an entry for an unknown listener: "${entry}"` : null,
      remedy: `Give folders, or listener=folder with one of ${listeners.join(', ')}.`,
    }),
    tlsClientCertificates: choice('FLEETWIRE_TLS_CLIENT_CERTIFICATES', CLIENT_CERTIFICATES, {
      meaning: 'certificates of devices: off, optional (one that is shown must be good) or required',
      default: 'off',
    }),
    tlsClientCaFile: optional(
      text('FLEETWIRE_TLS_CLIENT_CA_FILE', {
        meaning: 'PEM file of the authority that signs the devices’ certificates',
      }),
    ),
    tlsMinVersion: choice('FLEETWIRE_TLS_MIN_VERSION', TLS_VERSIONS, {
      meaning: 'oldest version of TLS that is spoken: 1.2 or 1.3',
      default: '1.2',
    }),
    tlsHandshakeTimeoutMs: integer('FLEETWIRE_TLS_HANDSHAKE_TIMEOUT_MS', {
      meaning: 'time in which a TLS handshake must be done, however its bytes come',
      unit: 'ms',
      default: 10_000,
      min: 100,
      max: 120_000,
    }),
    tlsHandshakesMax: integer('FLEETWIRE_TLS_HANDSHAKES_MAX', {
      meaning: 'TLS handshakes at the same time; more wait their turn, in order',
      default: 200,
      min: 1,
      max: 100_000,
    }),
  } as const;
}

export interface TlsConfig {
  readonly listeners: readonly string[];
  readonly tlsPorts: readonly string[];
  readonly tlsCertificates: readonly string[];
  readonly tlsClientCertificates: (typeof CLIENT_CERTIFICATES)[number];
  readonly tlsClientCaFile: string | null;
  readonly tlsMinVersion: (typeof TLS_VERSIONS)[number];
}

/** Null: not `listener=port`. Port 0 lets the system choose. */
export function parseTlsPort(
  entry: string,
  listeners: readonly string[],
): { readonly listener: string; readonly port: number } | null {
  const match = /^([a-z0-9]+)=(\d{1,5})$/.exec(entry);
  const listener = match?.[1] ?? '';
  const port = Number(match?.[2]);
  return listeners.includes(listener) && port <= 65_535 ? { listener, port } : null;
}

/** `listener` null: for every TLS port. Null: for a listener that does not exist. */
export function parseCertificate(
  entry: string,
  listeners: readonly string[],
): { readonly listener: string | null; readonly folder: string } | null {
  const cut = entry.indexOf('=');
  if (cut < 0) return { listener: null, folder: entry };
  const listener = entry.slice(0, cut);
  return listeners.includes(listener) && cut + 1 < entry.length ? { listener, folder: entry.slice(cut + 1) } : null;
}

/** Relations among the variables of TLS. */
export function checkTls(config: TlsConfig, listeners: readonly string[]): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const certificates = config.tlsCertificates.map((entry) => parseCertificate(entry, listeners));
  const ports = config.tlsPorts.flatMap((entry) => parseTlsPort(entry, listeners) ?? []);
  for (const { listener } of ports)
    if (!certificates.some((one) => one?.listener === null || one?.listener === listener))
      problems.push({
        variable: 'FLEETWIRE_TLS_CERTIFICATES',
        problem: `has none for the TLS port of ${listener}`,
        remedy: `Give a folder with ${CERTIFICATE_FILE} and ${KEY_FILE}, for all ports or as ${listener}=folder.`,
      });
  if (new Set(ports.map(({ listener }) => listener)).size < ports.length)
    problems.push({
      variable: 'FLEETWIRE_TLS_PORTS',
      problem: 'names a listener twice',
      remedy: 'Give each listener one TLS port.',
    });
  if ((config.tlsClientCertificates === 'off') !== (config.tlsClientCaFile === null))
    problems.push({
      variable: config.tlsClientCaFile === null ? 'FLEETWIRE_TLS_CLIENT_CA_FILE' : 'FLEETWIRE_TLS_CLIENT_CERTIFICATES',
      problem: config.tlsClientCaFile === null ? 'is not set' : 'is off',
      remedy: 'An authority and what is asked of devices go together: set both, or neither.',
    });
  if (config.listeners.includes('none') && (config.listeners.length > 1 || ports.length === 0))
    problems.push({
      variable: 'FLEETWIRE_LISTENERS',
      problem: ports.length === 0 ? 'is none, and there is no TLS port either' : 'names listeners beside none',
      remedy: 'Name the plain ports, or none alone beside FLEETWIRE_TLS_PORTS.',
    });
  return problems;
}

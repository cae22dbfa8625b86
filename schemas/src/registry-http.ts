/** How requests reach the registry: TLS and a login whose secrets may be renewed while the process runs. */
import http, { type Agent } from 'node:http';
import https from 'node:https';
import type { SecureContext } from 'node:tls';

export interface RegistryAccess {
  /** For https; asked for each new connection. Absent: the system's own authorities. */
  readonly secureContext?: () => SecureContext;
  /** Basic authentication; asked for each request. */
  readonly credentials?: () => { readonly username: string; readonly password: string };
}

/** Connections to the registry. None is kept: a service speaks to it at its start and then hardly ever. */
export function agentOf(url: string, access: RegistryAccess): Agent {
  if (!url.startsWith('https:')) return new http.Agent();
  // Without a cache of sessions, or a resumed one would stand on authorities of the past.
  const agent = new https.Agent({ maxCachedSessions: 0 });
  const { secureContext } = access;
  // The agent copies its options for each connection, and reads the property then.
  if (secureContext !== undefined)
    Object.defineProperty(agent.options, 'secureContext', { enumerable: true, get: secureContext });
  return agent;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly text: string;
}
export interface RegistryRequest {
  readonly method: string;
  readonly url: string;
  readonly mediaType: string;
  readonly body: string | null;
  readonly agent: Agent;
  readonly access: RegistryAccess;
  readonly timeoutMs: number;
}

/** One request outside the registry's client. Rejects with the socket's error when there is no whole answer in time. */
export function askRegistry(request: RegistryRequest): Promise<RegistryAnswer> {
  const { method, url, mediaType, body, agent, access, timeoutMs } = request;
  const login = access.credentials?.();
  const options = {
    method,
    agent,
    headers: { 'content-type': mediaType, accept: mediaType },
    signal: AbortSignal.timeout(timeoutMs),
    ...(login !== undefined && { auth: `${login.username}:${login.password}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = (url.startsWith('https:') ? https : http).request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

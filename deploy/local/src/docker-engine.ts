import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** An engine that answers a local socket answers within a few ms; a dead one refuses. This is for one that hangs. */
const PING_MS = 1500;

/** Sockets on which an engine of this machine may listen, DOCKER_HOST first. A remote engine is none: it has not our folders and ports. */
export function engineSockets(env: Env, homeDir: string, uid: number): readonly string[] {
  const host = env['DOCKER_HOST'] ?? '';
  if (host !== '') return host.startsWith('unix://') ? [host.slice('unix://'.length)] : [];
  return [
    '/var/run/docker.sock',
    path.join(homeDir, '.docker/run/docker.sock'),
    path.join(homeDir, '.docker/desktop/docker.sock'),
    path.join(homeDir, '.colima/default/docker.sock'),
    path.join(env['XDG_RUNTIME_DIR'] ?? `/run/user/${uid}`, 'docker.sock'),
  ];
}

/** The first socket whose engine answers; null when none does. */
export async function findEngine(env: Env): Promise<string | null> {
  for (const socket of engineSockets(env, os.homedir(), process.getuid?.() ?? 0)) {
    if (await ping(socket)) return socket;
  }
  return null;
}

/** `GET /_ping`, which every engine answers with 200. */
export function ping(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ socketPath, path: '/_ping', timeout: PING_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => {
      request.destroy();
      resolve(false);
    });
    request.on('error', () => resolve(false));
  });
}

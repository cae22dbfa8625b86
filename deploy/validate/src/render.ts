/** Renders the overlays with the kustomize or kubectl of this machine, and says from which sources a rendered file was made. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const K8S = join(ROOT, 'deploy', 'k8s');
export const RENDERED = join(K8S, 'rendered');
const GRAFANA = join(ROOT, 'deploy', 'grafana');
const RENDER_TIMEOUT_MS = 60_000;
/** A rendered overlay has about 100 KB. */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** Name of the rendered file → folder under deploy/k8s. */
export const RENDERINGS: Readonly<Record<string, string>> = {
  local: 'overlays/local',
  production: 'overlays/production',
  'large-fleet': 'overlays/large-fleet',
  'behind-proxy': 'overlays/behind-proxy',
  'device-tls': 'overlays/device-tls',
  places: 'overlays/places',
  'kafka-local': 'kafka/local',
  'kafka-production': 'kafka/production',
};

/** Hex SHA-256 over names and contents of all that is rendered: sources that changed show without a renderer. */
export function sourceDigest(): string {
  const hash = createHash('sha256');
  const files = ['base', 'components', 'overlays', 'kafka'].flatMap((folder) => filesUnder(join(K8S, folder)));
  for (const file of [...files, ...filesUnder(GRAFANA)].sort())
    hash.update(relative(ROOT, file).split(sep).join('/')).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const BUILDERS: readonly (readonly [string, readonly string[]])[] = [
  ['kustomize', ['build']],
  ['kubectl', ['kustomize']],
];

/** Renders a folder. Throws when neither kustomize nor kubectl is there, or the folder cannot be rendered. */
export function render(folder: string): string {
  for (const [command, args] of BUILDERS) {
    try {
      return execFileSync(command, [...args, join(K8S, folder)], {
        encoding: 'utf8',
        timeout: RENDER_TIMEOUT_MS,
        maxBuffer: OUTPUT_BYTES_MAX,
      });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  throw new Error('There is neither kustomize nor kubectl on the PATH: install one of them to render the overlays.');
}

/** The first line of a rendered file. */
export function renderedHead(digest: string): string {
  return `# Rendered by \`npm run generate:deploy\` from sources ${digest}.\n`;
}

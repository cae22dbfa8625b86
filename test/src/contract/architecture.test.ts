/**
 * Imports point one way: wire ← protocol ← libs ← service. Walks every source file; a new edge fails here with its name. It reads
 * import statements as text, so an import that is built at run time would pass.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Import {
  readonly from: string;
  /** Path in the repository for relative imports, package name otherwise. */
  readonly to: string;
}

const FOLDERS = ['libs', 'services', 'schemas/src', 'cli/src', 'deploy/local/src', 'test/src'];

function sources(folder: string): string[] {
  return readdirSync(resolve(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(root, resolve(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(dist|node_modules)\//.test(path));
}

function importsOf(path: string): Import[] {
  const text = readFileSync(resolve(root, path), 'utf8');
  const found = [...text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^'"]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)/g)];
  return found.map((match) => {
    const to = (match[1] ?? match[2])!;
    return { from: path, to: to.startsWith('.') ? relative(root, resolve(root, dirname(path), to)) : to };
  });
}

const isTest = (path: string): boolean => path.endsWith('.test.ts') || path.startsWith('test/');
const ALL = FOLDERS.flatMap(sources).flatMap(importsOf);
const edges = (found: readonly Import[]): string[] => found.map((i) => `${i.from} → ${i.to}`);

describe('imports', () => {
  it('are found at all', () => {
    expect(ALL.length).toBeGreaterThan(200);
  });

  it('of the Kafka client are in libs/streaming alone', () => {
    const bad = ALL.filter((i) => /^kafkajs(-|\/|$)/.test(i.to) && !/^(libs\/streaming|test)\//.test(i.from));
    expect(edges(bad)).toEqual([]);
  });

  it('of a service are made by no other package', () => {
    const service = (path: string): string | null => /^(services\/[^/]+)\//.exec(path)?.[1] ?? null;
    const bad = ALL.filter((i) => {
      if (isTest(i.from)) return false;
      const named = /^@fleetwire\/(edge-listener|decoder|enricher|command-dispatcher)$/.test(i.to);
      const crossing = service(i.to) !== null && service(i.to) !== service(i.from);
      return named || crossing;
    });
    expect(edges(bad)).toEqual([]);
  });

  it('of a main module are made by nobody', () => {
    const bad = ALL.filter((i) => /(^|\/)main\.js$/.test(i.to) && !i.from.startsWith('cli/bin/'));
    expect(edges(bad)).toEqual([]);
  });

  it('between protocols do not exist; the registry and what stands above it join them', () => {
    const folder = (path: string): string | null =>
      /^libs\/protocols\/src\/(astra|h02|jt808|atrack)\//.exec(path)?.[1] ?? null;
    const bad = ALL.filter((i) => {
      const [from, to] = [folder(i.from), folder(i.to)];
      return from !== null && to !== null && from !== to;
    });
    expect(edges(bad)).toEqual([]);
  });

  it('of wire and catalogue lead to no protocol', () => {
    const bad = ALL.filter(
      (i) =>
        /^libs\/protocols\/src\/(wire|catalogue)\//.test(i.from) &&
        /^libs\/protocols\/src\/(astra|h02|jt808|atrack|fleet)\//.test(i.to),
    );
    expect(edges(bad)).toEqual([]);
  });

  it('of libs/protocols are its own files: it runs in a browser', () => {
    const bad = ALL.filter(
      (i) => i.from.startsWith('libs/protocols/') && !isTest(i.from) && !i.to.startsWith('libs/protocols/'),
    );
    expect(edges(bad)).toEqual([]);
  });

  it('of libraries never lead to a service, the CLI or the local stack', () => {
    const bad = ALL.filter(
      (i) =>
        /^(libs|schemas)\//.test(i.from) &&
        !isTest(i.from) &&
        (/^(services|cli|deploy)\//.test(i.to) || /^@fleetwire\/(cli|local|test)$/.test(i.to)),
    );
    expect(edges(bad)).toEqual([]);
  });
});

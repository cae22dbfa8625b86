/**
 * A real API server, without nodes or controllers: enough to have every object defaulted, validated and admitted. Kinds that Kubernetes does not bring are known to it
 * by name alone; their fields are checked by our validator and kubeconform.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Child, freePorts } from '@fleetwire/local';
import { waitFor } from '../harness/wait.js';
import { must, runTool, tool, type Ran } from '../ops/tools.js';

export interface CustomKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const definitionOf = ({ group, version, kind }: CustomKind): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${kind.toLowerCase()}s.${group}`,
    annotations: { 'api-approved.kubernetes.io': 'unapproved, test' },
  },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});

export class ApiServer {
  private constructor(
    private readonly folder: string,
    private readonly children: readonly Child[],
    private readonly kubectl: readonly string[],
  ) {}

  static async start(): Promise<ApiServer> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-api-'));
    const [client, peer, secure] = await freePorts(3);
    const token = randomUUID();
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const file = (name: string): string => path.join(folder, name);
    await writeFile(file('account.pub'), publicKey);
    await writeFile(file('account.key'), privateKey, { mode: 0o600 });
    await writeFile(file('tokens.csv'), `${token},tester,tester,system:masters\n`, { mode: 0o600 });
    const start = (name: string, args: readonly string[]): Promise<Child> =>
      Child.start({
        name,
        command: tool(name),
        args: [...args],
        cwd: folder,
        env: process.env,
        logFile: file(`${name}.log`),
      });
    const etcd = await start('etcd', [
      ...['--data-dir', file('etcd'), '--unsafe-no-fsync'],
      ...[
        '--listen-client-urls',
        `http://127.0.0.1:${client}`,
        '--advertise-client-urls',
        `http://127.0.0.1:${client}`,
      ],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
    ]);
    const server = await start('kube-apiserver', [
      ...[
        '--etcd-servers',
        `http://127.0.0.1:${client}`,
        '--bind-address',
        '127.0.0.1',
        '--secure-port',
        String(secure),
      ],
      ...['--cert-dir', file('certificates'), '--token-auth-file', file('tokens.csv'), '--authorization-mode', 'RBAC'],
      ...['--service-account-issuer', 'https://kubernetes.default.svc', '--service-cluster-ip-range', '10.0.0.0/24'],
      ...['--service-account-key-file', file('account.pub'), '--service-account-signing-key-file', file('account.key')],
    ]);
    const address = ['--server', `https://127.0.0.1:${secure}`, '--token', token, '--insecure-skip-tls-verify'];
    const api = new ApiServer(
      folder,
      [server, etcd],
      [...address, '--cache-dir', file('cache'), '--kubeconfig', '/dev/null'],
    );
    try {
      await waitFor('the API server to be ready', async () => {
        if (!server.running || !etcd.running) throw new Error([...etcd.tail(5), ...server.tail(15)].join('\n'));
        return (await api.run(['get', '--raw', '/readyz'])).code === 0;
      });
    } catch (error) {
      await api.stop();
      throw error;
    }
    return api;
  }

  private run(args: readonly string[], input?: string): Promise<Ran> {
    return runTool('kubectl', [...this.kubectl, ...args], input === undefined ? {} : { input });
  }

  /** Makes kinds known and waits until they are served. */
  async learn(kinds: readonly CustomKind[]): Promise<void> {
    await this.keep(kinds.map(definitionOf));
    const names = kinds.map(({ group, kind }) => `crd/${kind.toLowerCase()}s.${group}`);
    await must('kubectl', [...this.kubectl, 'wait', '--for=condition=Established', '--timeout=120s', ...names]);
  }

  /** Makes objects, such as a namespace whose labels say what its pods may do. */
  async keep(objects: readonly object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await must('kubectl', [...this.kubectl, 'apply', '--server-side', '-f', '-'], { input });
  }

  /** Whether it would take all of these objects as new ones, without a warning; what it says. Nothing is kept. */
  async dryRun(objects: readonly object[]): Promise<Ran> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const strict = ['--server-side', '--dry-run=server', '--validate=strict', '--warnings-as-errors'];
    return this.run(['apply', ...strict, '-f', '-'], input);
  }

  async stop(): Promise<void> {
    for (const child of this.children) {
      if (child.running) process.kill(child.pid, 'SIGTERM');
      await child.exited;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

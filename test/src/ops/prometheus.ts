/** A real Prometheus that scrapes services on the loopback and evaluates the product's rules. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Child, freePort } from '@fleetwire/local';
import { ROOT } from '@fleetwire/validate';
import { waitFor } from '../harness/wait.js';
import { tool } from './tools.js';

export interface Target {
  readonly pod: string;
  readonly port: number;
}

export interface PrometheusOptions {
  readonly folder: string;
  readonly targets: readonly Target[];
  /** The rules' `for` and the groups' intervals are divided by this; 1: as they are. Expressions are never changed. */
  readonly haste: number;
}

const RULES = path.join(ROOT, 'deploy', 'k8s', 'tests', 'rules.generated.yaml');
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The rules with shorter waiting; `for: 0m` stays. */
function hastened(text: string, haste: number): string {
  return text.replace(
    /^(\s+(?:- )?(?:for|interval): )(\d+)([smhd])$/gm,
    (_, key: string, count: string, unit: string) => {
      const seconds = Number(count) * SECONDS[unit]!;
      return `${key}${Math.ceil(seconds / haste)}s`;
    },
  );
}

export interface RuleState {
  readonly name: string;
  readonly type: string;
  readonly health: string;
  readonly lastError?: string;
}
export interface AlertState {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

export class Prometheus {
  private constructor(
    private readonly child: Child,
    readonly url: string,
  ) {}

  static async start({ folder, targets, haste }: PrometheusOptions): Promise<Prometheus> {
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    writeFileSync(path.join(folder, 'rules.yaml'), hastened(readFileSync(RULES, 'utf8'), haste));
    // A scrape of a busy machine takes its time.
    const every = haste === 1 ? '15s' : '3s';
    const config = {
      global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
      rule_files: ['rules.yaml'],
      scrape_configs: [
        {
          job_name: 'fleetwire',
          static_configs: targets.map(({ pod, port: at }) => ({
            targets: [`127.0.0.1:${at}`],
            labels: { pod, namespace: 'fleetwire' },
          })),
        },
      ],
    };
    // JSON is YAML.
    writeFileSync(path.join(folder, 'prometheus.yml'), JSON.stringify(config, null, 2));
    const child = await Child.start({
      name: 'prometheus',
      command: tool('prometheus'),
      args: [
        `--config.file=${path.join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${path.join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--enable-feature=exemplar-storage',
      ],
      logFile: path.join(folder, 'prometheus.log'),
    });
    const prometheus = new Prometheus(child, `http://127.0.0.1:${port}`);
    await waitFor('Prometheus to be ready', async () => (await fetch(`${prometheus.url}/-/ready`)).ok, 60_000);
    return prometheus;
  }

  /** The `data` of an answer of its HTTP API. */
  async ask<T>(what: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${what}`, { signal: AbortSignal.timeout(10_000) });
    const body = (await response.json()) as { status: string; data: T; error?: string };
    if (body.status !== 'success') throw new Error(`${what}: ${body.error ?? response.status}`);
    return body.data;
  }

  async rules(): Promise<readonly RuleState[]> {
    const { groups } = await this.ask<{ groups: readonly { rules: readonly RuleState[] }[] }>('rules');
    return groups.flatMap(({ rules }) => rules);
  }

  async firing(): Promise<readonly string[]> {
    const { alerts } = await this.ask<{ alerts: readonly AlertState[] }>('alerts');
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels['alertname'] ?? '');
  }

  async stop(): Promise<void> {
    if (!this.child.running) return;
    process.kill(this.child.pid, 'SIGTERM');
    await this.child.exited;
  }
}

/** Requests to Kafka of the services while something is measured: what `count-requests.ts` leaves of each process, read twice. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

type Counts = Readonly<Record<string, number>>;

export class RequestCounts {
  readonly #directory = mkdtempSync(path.join(tmpdir(), 'fleetwire-bench-'));
  #before = new Map<string, Counts>();
  #begunMs = 0;

  /** Options of Node for the services. */
  get nodeArgs(): readonly string[] {
    return ['--import', new URL('./count-requests.js', import.meta.url).href];
  }
  get env(): Readonly<Record<string, string>> {
    return { FLEETWIRE_BENCH_COUNTS: this.#directory };
  }

  #read(pid: number): Counts {
    try {
      return JSON.parse(readFileSync(path.join(this.#directory, `${pid}.json`), 'utf8')) as Counts;
    } catch {
      return {}; // it has sent none
    }
  }

  begin(services: readonly { readonly label: string; readonly pid: number | null }[]): void {
    this.#begunMs = performance.now();
    this.#before = new Map(services.map(({ label, pid }) => [label, this.#read(pid ?? 0)]));
  }

  /** Requests a second since the beginning, one line a service. */
  table(services: readonly { readonly label: string; readonly pid: number | null }[]): string[] {
    const seconds = (performance.now() - this.#begunMs) / 1000;
    const lines = services.map(({ label, pid }) => {
      const before = this.#before.get(label) ?? {};
      const rates = Object.entries(this.#read(pid ?? 0))
        .map(([kind, count]) => [kind, (count - (before[kind] ?? 0)) / seconds] as const)
        .filter(([, rate]) => rate >= 0.1)
        .sort(([, a], [, b]) => b - a);
      const all = rates.reduce((sum, [, rate]) => sum + rate, 0);
      return `| ${label} | ${all.toFixed(0)} | ${rates.map(([kind, rate]) => `${kind} ${rate.toFixed(1)}`).join(', ')} |`;
    });
    return ['\n| service | requests a second | by kind |\n|---|---|---|', ...lines];
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

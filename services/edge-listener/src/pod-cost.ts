/**
 * Tells Kubernetes what it would cost to end this pod: its connections, as the annotation `controller.kubernetes.io/pod-deletion-cost`. A ReplicaSet that shrinks takes
 * the pod of the least cost, so a scale-in cuts the fewest devices.
 *
 * Best effort: an API server that is away or refuses is logged now and then, and costs nothing else. Said again only when it has changed by a tenth.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { optional, RepeatLimiter, text, url, type ConfigProblem, type Logger, type Part } from '@fleetwire/service';

const ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';
/** The annotation is a signed number of 32 bits. */
const COST_MAX = 2 ** 31 - 1;
const LOOK_EVERY_MS = 30_000;
const REQUEST_TIMEOUT_MS = 5_000;
const REPEAT_MS = 600_000;
/** Share by which the number must have changed to be said again. */
const CHANGE = 0.1;

/** Variables of it; off unless the pod is named. */
export function podVariables() {
  return {
    podName: optional(
      text('FLEETWIRE_POD_NAME', {
        meaning: 'this pod, which then tells Kubernetes its connections as its deletion cost',
      }),
    ),
    podNamespace: optional(text('FLEETWIRE_POD_NAMESPACE', { meaning: 'namespace of this pod' })),
    kubernetesUrl: url('FLEETWIRE_KUBERNETES_URL', {
      meaning: 'address of the Kubernetes API',
      default: 'https://kubernetes.default.svc',
    }),
    kubernetesAccount: text('FLEETWIRE_KUBERNETES_ACCOUNT', {
      meaning: 'folder with token and ca.crt for that API; read at each use',
      default: '/var/run/secrets/fleetwire/kubernetes',
    }),
  } as const;
}

export interface PodConfig {
  readonly podName: string | null;
  readonly podNamespace: string | null;
  readonly kubernetesUrl: string;
  readonly kubernetesAccount: string;
}

export function checkPod(config: PodConfig): readonly ConfigProblem[] {
  if ((config.podName === null) === (config.podNamespace === null)) return [];
  const variable = config.podName === null ? 'FLEETWIRE_POD_NAME' : 'FLEETWIRE_POD_NAMESPACE';
  return [{ variable, problem: 'is not set', remedy: 'A pod has a name and a namespace: set both or none.' }];
}

export interface PodCostOptions {
  readonly config: PodConfig;
  readonly connections: () => number;
  readonly log: Pick<Logger, 'warn'>;
  readonly everyMs?: number;
}

/** Null: the pod is not named. */
export function podCostPart({ config, connections, log, everyMs = LOOK_EVERY_MS }: PodCostOptions): Part | null {
  const { podName, podNamespace } = config;
  if (podName === null || podNamespace === null) return null;
  const repeats = new RepeatLimiter(REPEAT_MS, () => performance.now());
  let said: number | null = null;
  let running = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const cost = Math.min(connections(), COST_MAX);
    if (running || (said !== null && Math.abs(cost - said) <= said * CHANGE)) return;
    running = true;
    try {
      await patch(config, podNamespace, podName, cost);
      said = cost;
    } catch (error) {
      if (repeats.allow('pod_cost') !== null)
        log.warn({ error, pod: podName }, 'The deletion cost of this pod was not told.');
    } finally {
      running = false;
    }
  };
  return {
    name: 'pod-cost',
    start: () => {
      timer = setInterval(() => void look(), everyMs);
      void look();
    },
    stop: () => clearInterval(timer),
  };
}

function patch(config: PodConfig, namespace: string, name: string, cost: number): Promise<void> {
  const target = new URL(`/api/v1/namespaces/${namespace}/pods/${name}`, config.kubernetesUrl);
  const body = JSON.stringify({ metadata: { annotations: { [ANNOTATION]: String(cost) } } });
  const secure = target.protocol === 'https:';
  const options = {
    method: 'PATCH',
    timeout: REQUEST_TIMEOUT_MS,
    headers: {
      authorization: `Bearer ${readFileSync(path.join(config.kubernetesAccount, 'token'), 'utf8').trim()}`,
      'content-type': 'application/merge-patch+json',
      'content-length': Buffer.byteLength(body),
    },
    ...(secure && { ca: readFileSync(path.join(config.kubernetesAccount, 'ca.crt')) }),
  };
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(target, options, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`the Kubernetes API answered ${response.statusCode ?? 0}`));
    });
    request.on('timeout', () => request.destroy(new Error('the Kubernetes API did not answer in time')));
    request.on('error', reject);
    request.end(body);
  });
}

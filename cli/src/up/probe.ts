/** What a service says of itself over HTTP. */

const ANSWER_MS = 2_000;

/** True when it is ready, else why not, in words. */
export async function readiness(base: string): Promise<true | string> {
  try {
    const response = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const text = await response.text();
    return response.ok ? true : reasonOf(text);
  } catch {
    return 'it does not answer yet';
  }
}

/** The Prometheus text; empty when it does not answer. */
export async function metricsOf(base: string): Promise<string> {
  try {
    const response = await fetch(`${base}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS) });
    return response.ok ? await response.text() : '';
  } catch {
    return '';
  }
}

/** From `{"checks":{"processor":{"ok":false,"reason":"…"}}}` the reasons of what fails. */
export function reasonOf(text: string): string {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null || !('checks' in answer)) return text;
    if (typeof answer.checks !== 'object' || answer.checks === null) return text;
    const reasons = Object.entries(answer.checks).flatMap(([name, check]: [string, unknown]) => {
      if (typeof check !== 'object' || check === null || !('reason' in check)) return [];
      return typeof check.reason === 'string' ? [`${name}: ${check.reason}`] : [];
    });
    return reasons.join('; ') || 'it is not ready yet';
  } catch {
    return 'it is not ready yet';
  }
}

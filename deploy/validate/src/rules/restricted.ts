/** The restricted policy for pods, as the API server enforces it on pods and only warns of on workloads; and a root file system that is read-only. */
import { at, isObject, listOf, objectOf, rowsOf, textOf, type JsonObject } from '../json.js';
import { problem, type Problem } from '../manifest.js';
import type { Container, PodTemplate } from '../world.js';
import type { Rule } from './rule.js';

const SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);
const VOLUMES: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);
const SECCOMP: readonly unknown[] = ['RuntimeDefault', 'Localhost'];

export const isRestricted: Rule = (world) =>
  world.pods.flatMap((pod) => [
    ...podProblems(pod),
    ...pod.containers.flatMap((container) => containerProblems(pod, container)),
  ]);

function podProblems(pod: PodTemplate): readonly Problem[] {
  const { spec, path, owner } = pod;
  const problems: Problem[] = [];
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC'])
    if (spec[key] === true) problems.push(problem(owner, `${path}.${key}`, 'must not be true'));
  if (spec['automountServiceAccountToken'] !== false)
    problems.push(
      problem(owner, `${path}.automountServiceAccountToken`, 'must be false: no pod talks to the API server'),
    );
  for (const { index, row } of rowsOf(at(spec, 'securityContext', 'sysctls'))) {
    const name = textOf(row['name']) ?? '';
    if (!SYSCTLS.has(name))
      problems.push(
        problem(owner, `${path}.securityContext.sysctls[${index}].name`, `"${name}" is not among the safe ones`),
      );
  }
  for (const { index, row } of rowsOf(spec['volumes'])) {
    const kind = Object.keys(row).find((key) => key !== 'name') ?? '';
    if (!VOLUMES.has(kind))
      problems.push(problem(owner, `${path}.volumes[${index}].${kind}`, 'is no allowed kind of volume'));
  }
  return problems;
}

function containerProblems(pod: PodTemplate, container: Container): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (field: string, message: string): void => {
    problems.push(problem(pod.owner, `${container.path}.${field}`, message));
  };
  const own = objectOf(container.body['securityContext']);
  const shared = objectOf(at(pod.spec, 'securityContext'));
  const either = (key: string): unknown => own[key] ?? shared[key];
  if (either('runAsNonRoot') !== true) add('securityContext.runAsNonRoot', 'must be true, here or in the pod');
  if (either('runAsUser') === 0) add('securityContext.runAsUser', 'must not be 0');
  const seccomp = own['seccompProfile'] ?? shared['seccompProfile'];
  if (!SECCOMP.includes(at(isObject(seccomp) ? seccomp : {}, 'type')))
    add('securityContext.seccompProfile.type', 'must be RuntimeDefault or Localhost');
  if (own['privileged'] === true) add('securityContext.privileged', 'must not be true');
  if (own['allowPrivilegeEscalation'] !== false) add('securityContext.allowPrivilegeEscalation', 'must be false');
  if (own['readOnlyRootFilesystem'] !== true) add('securityContext.readOnlyRootFilesystem', 'must be true');
  capabilities(objectOf(own['capabilities']), add);
  for (const { index, row } of rowsOf(container.body['ports']))
    if (row['hostPort'] !== undefined && row['hostPort'] !== 0) add(`ports[${index}].hostPort`, 'must not be set');
  return problems;
}

function capabilities(set: JsonObject, add: (field: string, message: string) => void): void {
  if (!listOf(set['drop']).includes('ALL')) add('securityContext.capabilities.drop', 'must have ALL');
  for (const [index, name] of listOf(set['add']).entries())
    if (name !== 'NET_BIND_SERVICE')
      add(`securityContext.capabilities.add[${index}]`, `${JSON.stringify(name)} must not be added`);
}

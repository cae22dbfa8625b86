/**
 * Manifests and alert rules in the eyes of other tools: Prometheus' own checker, kubeconform over the schemas that our validator uses, kube-score's advice, and the
 * kustomize of this machine against what is committed.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { render, RENDERED, renderedHead, RENDERINGS, ROOT, schemaFiles, sourceDigest } from '@fleetwire/validate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must, runTool } from './tools.js';

const RULES = path.join(ROOT, 'deploy', 'k8s', 'tests');
const rendered = (name: string): string => path.join(RENDERED, `${name}.yaml`);
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-schemas-'));
  for (const { name, text } of schemaFiles()) writeFileSync(path.join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('promtool', () => {
  it('accepts the rules, with all its advice', async () => {
    const { code, stdout, stderr } = await runTool(
      'promtool',
      ['check', 'rules', '--lint=all', '--lint-fatal', 'rules.generated.yaml'],
      { cwd: RULES },
    );
    expect(`${stdout}${stderr}`).toMatch(/SUCCESS: \d{2} rules found/);
    expect(code, stderr).toBe(0);
  });

  it('passes the tests of the rules: each alert fires where it must, and is quiet where it must be', async () => {
    const tests = readdirSync(RULES).filter((name) => name.endsWith('.test.yaml'));
    expect(await must('promtool', ['test', 'rules', ...tests], { cwd: RULES })).toContain('SUCCESS');
  });
});

describe('kubeconform', () => {
  const check = (files: readonly string[]) =>
    runTool('kubeconform', [
      '-strict',
      '-summary',
      '-schema-location',
      `${folder}/{{ .ResourceKind }}{{ .KindSuffix }}.json`,
      ...files,
    ]);

  it('accepts every rendering, and knows each kind in it', async () => {
    const { code, stdout, stderr } = await check(Object.keys(RENDERINGS).map(rendered));
    expect(`${stdout}${stderr}`).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/);
    expect(code).toBe(0);
  });

  it('accepts the demo, which is rendered where it is started, and whose scripts can be read', async () => {
    const file = path.join(folder, 'demo.yaml');
    writeFileSync(file, render('demo'));
    const { code, stdout, stderr } = await check([file]);
    expect(`${stdout}${stderr}`).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/);
    expect(code).toBe(0);
    for (const script of ['up.sh', 'down.sh'])
      await must('bash', ['-n', path.join(ROOT, 'deploy', 'k8s', 'demo', script)]);
  });

  it('refuses a field that a kind does not have', async () => {
    const file = path.join(folder, 'broken.yaml');
    writeFileSync(
      file,
      readFileSync(rendered('local'), 'utf8').replace('terminationGracePeriodSeconds', 'terminationGraceSeconds'),
    );
    const { code, stdout } = await check([file]);
    expect(stdout).toContain('terminationGraceSeconds');
    expect(code).not.toBe(0);
  });
});

/** Advice of kube-score that we do not take, and why. */
const NOT_TAKEN: Readonly<Record<string, string>> = {
  'container-image-pull-policy': 'images are named by digest: what is there already is the same',
  'container-ephemeral-storage-request-and-limit': 'the only writable place is a volume with a limit of its own',
  'deployment-has-host-podantiaffinity': 'spread by topologySpreadConstraints, which also count a surge on its own',
  'deployment-replicas': 'the overlay for one machine has one of each',
  'pod-probes-identical': 'liveness and readiness ask different paths',
};

describe('kube-score', () => {
  for (const name of ['production', 'large-fleet', 'behind-proxy', 'device-tls'])
    it(`finds nothing to criticise in ${name}`, async () => {
      const { code, stdout, stderr } = await runTool('kube-score', [
        'score',
        '--output-format',
        'ci',
        // Throttling shows as late answers.
        '--ignore-container-cpu-limit',
        ...Object.keys(NOT_TAKEN).flatMap((test) => ['--ignore-test', test]),
        rendered(name),
      ]);
      expect(
        stdout.split('\n').filter((line) => line.startsWith('[CRITICAL]')),
        stderr,
      ).toEqual([]);
      expect(code, stdout).toBe(0);
    });
});

describe('the kustomize of this machine', () => {
  for (const [name, source] of Object.entries(RENDERINGS))
    it(`makes of ${source} what is committed`, () => {
      expect(renderedHead(sourceDigest()) + render(source)).toBe(readFileSync(rendered(name), 'utf8'));
    });
});

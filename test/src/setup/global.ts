/**
 * One broker and one registry for all integration tests of a run, on free ports and in a folder that is removed at the end. A broker that runs already
 * is used instead when KAFKA_BROKERS and SCHEMA_REGISTRY_URL name it. Tests that kill brokers start their own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePorts, provide } from '@fleetwire/local';
import { applySchemas } from '@fleetwire/schemas';
import type { TestProject } from 'vitest/node';
import './provided.js';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-test-'));
  const [broker, controller, registry] = await freePorts(3);
  const provided = await provide({
    dataDir,
    env: process.env,
    log: (line) => process.stderr.write(`${line}\n`),
    ports: { broker: broker!, controller: controller!, registry: registry! },
    quick: true,
  });
  const teardown = async (): Promise<void> => {
    await provided.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await applySchemas({ registryUrl: provided.registry });
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide('brokers', provided.brokers);
  project.provide('registry', provided.registry);
  return teardown;
}

/**
 * Where a verb finds Kafka and the schema registry. In this order: `--brokers`/`--registry`; KAFKA_BROKERS and SCHEMA_REGISTRY_URL;
 * `.fleetwire/instance.json` in the working directory or a parent, which `fleetwire up` writes while it runs.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { failed, usage } from './errors.js';

export interface Endpoints {
  readonly brokers: readonly string[];
  /** Null: none was named; only verbs that need no schemas accept that. */
  readonly registry: string | null;
}
export interface EndpointOptions {
  readonly brokers?: string;
  readonly registry?: string;
}

/** The file that a running local instance leaves; other keys are its own business. */
export const INSTANCE_FILE = join('.fleetwire', 'instance.json');
const REMEDY =
  'start a local one with `npx fleetwire up`, or set KAFKA_BROKERS and SCHEMA_REGISTRY_URL, or give --brokers and --registry';

/** Adds the options that `endpointsOf` reads. */
export function withEndpointOptions(command: Command): Command {
  return command
    .option('--brokers <list>', 'Kafka bootstrap servers, host:port, separated by commas (env KAFKA_BROKERS)')
    .option('--registry <url>', 'schema registry, Confluent API (env SCHEMA_REGISTRY_URL)');
}

/** Endpoints from the command line, the environment or a running local instance. Throws a CliError that names the remedy. */
export function endpointsOf(
  options: EndpointOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): Endpoints {
  const instance = options.brokers === undefined || options.registry === undefined ? readInstance(cwd) : null;
  const brokers = options.brokers ?? nonEmpty(env['KAFKA_BROKERS']) ?? instance?.brokers;
  const registry = options.registry ?? nonEmpty(env['SCHEMA_REGISTRY_URL']) ?? instance?.registry;
  if (brokers === undefined) throw failed('no Kafka to talk to', REMEDY);
  return { brokers: brokerList(brokers), registry: registry === undefined ? null : registryUrl(registry) };
}

/** As `endpointsOf`, for verbs that read or write values. */
export function endpointsWithRegistry(
  options: EndpointOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): Endpoints & { readonly registry: string } {
  const { brokers, registry } = endpointsOf(options, env, cwd);
  if (registry === null) throw failed('Kafka is known, but no schema registry', REMEDY);
  return { brokers, registry };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}

function brokerList(text: string): readonly string[] {
  const brokers = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const bad = brokers.find((broker) => !/^(\[[0-9a-fA-F:]+\]|[^\s:]+):\d{1,5}$/.test(broker));
  if (bad !== undefined || brokers.length === 0)
    throw usage(`brokers: "${bad ?? text}" is not host:port`, 'write them as 127.0.0.1:9092,other:9092');
  return brokers;
}

function registryUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw usage(`registry: "${text}" is not a URL`, 'write it as http://127.0.0.1:8081/apis/ccompat/v7');
  return text;
}

/** The nearest instance file upwards from `cwd`; null: there is none. */
function readInstance(cwd: string): { readonly brokers?: string; readonly registry?: string } | null {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const path = join(folder, INSTANCE_FILE);
    let text: string | null = null;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      // No file in this folder: look in the parent.
    }
    if (text !== null) return parseInstance(path, text);
    if (dirname(folder) === folder) return null;
  }
}

function parseInstance(path: string, text: string): { readonly brokers?: string; readonly registry?: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw failed(`${path} is not JSON`, 'delete it and run `npx fleetwire up` again', error);
  }
  const record = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const { brokers, registry } = record;
  const list = Array.isArray(brokers) ? brokers.join(',') : brokers;
  return {
    ...(typeof list === 'string' && { brokers: list }),
    ...(typeof registry === 'string' && { registry }),
  };
}

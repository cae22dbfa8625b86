/**
 * Loaded into a service before its own code (`--import`): counts its requests to Kafka by kind, and leaves the counts in
 * `FLEETWIRE_BENCH_COUNTS/PID.json`, written anew while they change. What a request costs depends on the machine's load; how many there are does not.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

interface Connection {
  send(call: { readonly request: { readonly apiName: string } }): Promise<unknown>;
}
interface ConnectionModule {
  readonly prototype: Connection;
}

const WRITE_EVERY_MS = 250;

const directory = process.env['FLEETWIRE_BENCH_COUNTS'];
if (directory !== undefined) {
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/network/connection') as ConnectionModule;
  const counts: Record<string, number> = {};
  let changed = false;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its connection below
  const { send } = prototype;
  prototype.send = function (this: Connection, call) {
    const { apiName } = call.request;
    counts[apiName] = (counts[apiName] ?? 0) + 1;
    changed = true;
    return send.call(this, call);
  };
  const file = path.join(directory, `${process.pid}.json`);
  setInterval(() => {
    if (!changed) return;
    changed = false;
    writeFileSync(`${file}.new`, JSON.stringify(counts));
    renameSync(`${file}.new`, file);
  }, WRITE_EVERY_MS).unref();
}

/** The dispatcher's task over records, with a codec without a registry: what each becomes, and what is sent after the commit. */
import { describe, expect, it, vi } from 'vitest';
import {
  Codec,
  type Command,
  type CommandEvent,
  type CommandReport,
  type Device,
  type RoutedCommand,
  type Session,
  type Setting,
} from '@fleetwire/schemas';
import { Metrics } from '@fleetwire/service';
import { partitionOf, type InRecord, type OutRecord, type StepResult } from '@fleetwire/streaming';
import { CommitPulse } from './commit-pulse.js';
import { Leases } from './leases.js';
import { dispatcherMetrics } from './metrics.js';
import { Sessions } from './sessions.js';
import { DispatcherTask } from './task.js';

const IDENT = '9171701065';
const PARTITIONS = 4;
const PARTITION = partitionOf(IDENT, PARTITIONS);
const NOW_MS = 1_800_000_000_000;
const codec = Codec.local();

class World {
  readonly sent: RoutedCommand[] = [];
  readonly events: CommandEvent[] = [];
  readonly outputs: OutRecord[] = [];
  readonly task: DispatcherTask;
  readonly leases = new Leases();
  readonly metrics = new Metrics('command-dispatcher', { process: false });
  nowMs = NOW_MS;
  #offset = 0;

  constructor(smsGateway = true) {
    this.task = new DispatcherTask(PARTITION, {
      codec,
      partitions: PARTITIONS,
      leases: this.leases,
      outbox: { send: (routed) => this.sent.push(routed), endSession: () => undefined },
      pulse: new CommitPulse(),
      metrics: dispatcherMetrics(this.metrics),
      smsGateway,
      answerMs: 60_000,
    });
  }

  load(topic: string, key: string, value: Buffer | null): void {
    this.task.load(this.#record(topic, key, value));
  }

  session(protocol: string | null): void {
    const session: Session = {
      ident: IDENT,
      boot_id: 'edge-a',
      connection: 7,
      inbox: 3,
      transport: 'tcp',
      peer: '10.0.0.1:1',
      protocol: protocol ?? '',
      listener: 'h02',
      since: this.nowMs * 1000,
      reachable_until: null,
      context: {},
    };
    this.load(
      'device-sessions',
      `${IDENT}|edge-a`,
      protocol === null ? null : codec.encode('device-sessions', session),
    );
  }

  device(over: Partial<Device>): void {
    const device = { ident: IDENT, kind: 'device', labels: {}, aliases: [], thresholds: {}, inputs: [] } as const;
    this.load('devices', IDENT, codec.encode('devices', { ...device, ...over }));
  }

  command(name: string, args: object, over: Partial<Command> = {}): Command {
    const command: Command = {
      id: `c${this.#offset}`,
      ident: IDENT,
      name,
      arguments: JSON.stringify(args),
      expires_at: (this.nowMs + 60_000) * 1000,
      delivery: 'at_most_once',
      condition: null,
      priority: 0,
      confirm: false,
      channel: 'connection',
      cancel_of: null,
      requested_at: this.nowMs * 1000,
      requested_by: 'anna',
      tenant: null,
      ...over,
    };
    this.step(
      this.task.process([this.#record('commands', command.ident, codec.encode('commands', command))], this.nowMs),
    );
    return command;
  }

  /** Any value, as a client may write it. */
  give(topic: string, value: Buffer, headers: InRecord['headers'] = {}): void {
    this.step(this.task.process([{ ...this.#record(topic, IDENT, value), headers }], this.nowMs));
  }

  report(over: Partial<CommandReport>): void {
    const sent = this.sent.at(-1);
    const report: CommandReport = {
      ident: IDENT,
      kind: 'written',
      command_id: sent?.command.id ?? null,
      attempt: sent?.attempt ?? null,
      boot_id: 'edge-a',
      connection: 7,
      protocol: 'h02',
      correlation: 'key',
      answer: 'response',
      cause: null,
      detail: null,
      response: null,
      wire: null,
      frame_ref: null,
      at: this.nowMs * 1000,
      ...over,
    };
    const record = this.#record('command-reports', IDENT, codec.encode('command-reports', report));
    this.step(this.task.process([record], this.nowMs));
  }

  answer(protocol: string): void {
    const response = { command: 'X', outcome: 'ok', code: null, values: null, tag: null } as const;
    this.report({ kind: 'answered', command_id: null, attempt: null, protocol, response });
  }

  tick(): void {
    const result = this.task.tick(this.nowMs);
    if (result !== null) this.step(result);
  }

  step(result: StepResult): void {
    this.outputs.push(...result.outputs);
    for (const { topic, value } of result.outputs)
      if (topic === 'command-events') this.events.push(codec.decode('command-events', value!));
    result.afterCommit?.();
  }

  settings(): Pick<Setting, 'name' | 'side' | 'value'>[] {
    return this.outputs
      .filter(({ topic }) => topic === 'device-settings')
      .map((record) => {
        const { name, side, value } = codec.decode('device-settings', record.value!);
        expect(record).toMatchObject({ key: `${IDENT}|${name}|${side}`, partition: PARTITION });
        return { name, side, value };
      });
  }

  get states(): string[] {
    return this.events.map(({ state }) => state);
  }

  #record(topic: string, key: string, value: Buffer | null): InRecord {
    const offset = this.#offset++;
    return { topic, partition: PARTITION, offset, key: Buffer.from(key), value, headers: {}, timestampMs: this.nowMs };
  }
}

describe('a command', () => {
  it('is routed with what the edge needs: settings, type, idempotency and the session', () => {
    const world = new World();
    world.device({ type: 'ST-901', decoder: '{"h02_alarms":false}' });
    world.session('h02');
    world.command('interval', { cycle_time: 60 });
    expect(world.states).toEqual(['requested', 'queued', 'routed']);
    expect(world.sent).toMatchObject([
      {
        attempt: 1,
        boot_id: 'edge-a',
        connection: 7,
        inbox: 3,
        settings: '{"h02_alarms":false}',
        idempotent: true,
        device_type: 'ST-901',
        session_offset: 1,
      },
    ]);
  });

  it('carries what the device taught over what users set', () => {
    const world = new World();
    world.device({ decoder: '{"form":"%SA","cell_id_bytes":4}' });
    const version = { value: '{"value":{},"settings":{"form":"%MV"}}', source_offset: 5, source: 'reply', at: 1 };
    const setting: Setting = {
      ...{ ident: IDENT, name: 'form', side: 'reported', value: '{}', at: 1, by: null, command_id: null },
      ...{ source: 'reply', source_offset: 5, history: [version], waiting: [], waiting_dropped: 0 },
    };
    world.load('device-settings', `${IDENT}|form|reported`, codec.encode('device-settings', setting));
    world.session('atrack');
    world.command('info', {});
    expect(JSON.parse(world.sent[0]!.settings)).toEqual({ form: '%MV', cell_id_bytes: 4 });
  });

  it('is refused at once when the device is known to speak what has no such command, and later when that turns out', () => {
    const world = new World();
    world.session('astra');
    world.command('interval', { cycle_time: 60 });
    expect(world.events.at(-1)).toMatchObject({ state: 'refused', cause: 'unknown_name' });
    world.session(null);
    world.command('interval', { cycle_time: 60 });
    expect(world.states.slice(2)).toEqual(['requested', 'queued']);
    world.session('astra');
    world.tick();
    expect(world.events.at(-1)).toMatchObject({ state: 'refused', cause: 'unknown_name' });
    expect(world.sent).toEqual([]);
  });

  it('takes its protocol from devices while there is no session', () => {
    const world = new World();
    world.device({ protocol: 'astra' });
    world.command('interval', { cycle_time: 60 });
    expect(world.events.at(-1)).toMatchObject({ state: 'refused', cause: 'unknown_name' });
    world.command('apn', { name: 'internet' }, { confirm: true });
    expect(world.events.at(-1)).toMatchObject({ state: 'queued' });
  });

  it('is written again as D1 when S17 had no answer, asked for at least once', () => {
    const world = new World();
    world.session('h02');
    world.command('interval', { cycle_time: 60 }, { delivery: 'at_least_once', expires_at: (NOW_MS + 600_000) * 1000 });
    world.report({});
    world.nowMs += 60_001;
    world.tick();
    expect(world.states).toEqual(['requested', 'queued', 'routed', 'written', 'queued', 'routed']);
    expect(world.sent.map(({ attempt, command }) => [attempt, command.arguments])).toEqual([
      [1, '{"cycle_time":60}'],
      [2, '{"cycle_time":60,"form":"D1"}'],
    ]);
  });

  it('counts from its routing how long its edge took to write it, not the wait for its device', async () => {
    const world = new World();
    world.device({ protocol: 'h02' });
    world.command('interval', { cycle_time: 60 });
    world.nowMs += 20_000;
    world.session('h02');
    world.tick();
    world.nowMs += 250;
    world.report({});
    const { text } = await world.metrics.exposition(false);
    const line = /^fleetwire_command_delivery_seconds_(sum|count)\{.*\} (.*)$/gm;
    expect([...text.matchAll(line)].map(([, what, value]) => [what, value])).toEqual([
      ['sum', '0.25'],
      ['count', '1'],
    ]);
  });

  it('goes to the SMS gateway once, and ends there', () => {
    const world = new World();
    world.device({ phone: '+491701234567' });
    const command = world.command('custom', { text: 'RCONF' }, { channel: 'sms', confirm: true });
    expect(world.states).toEqual(['requested', 'queued', 'routed', 'written', 'unconfirmed']);
    expect(world.events.at(-1)).toMatchObject({ terminal: true, cause: 'no_reply_defined' });
    const texts = world.outputs.filter(({ topic }) => topic === 'sms-outbox');
    expect(texts.map(({ value }) => codec.decode('sms-outbox', value!))).toMatchObject([
      { command_id: command.id, phone: '+491701234567', text: 'RCONF' },
    ]);
    expect(world.sent).toEqual([]);
  });
});

describe('commands that wait for devices which are away', () => {
  const COUNT = 400;
  /** Commands to devices of this partition. */
  function away(world: World): void {
    for (let i = 0, made = 0; made < COUNT; i++) {
      const ident = String(9_000_000_000 + i);
      if (partitionOf(ident, PARTITIONS) !== PARTITION) continue;
      made++;
      // Each expires at a time of its own.
      world.command('interval', { cycle_time: 60 }, { id: ident, ident, expires_at: (NOW_MS + 60_000 + i) * 1000 });
    }
  }

  it('cost no timer each, and nothing while the clock ticks', () => {
    const timers = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')];
    const world = new World();
    world.tick();
    away(world);
    const asked = vi.spyOn(world.leases, 'alive');
    const looked = vi.spyOn(Sessions.prototype, 'current');
    for (let second = 0; second < 30; second++) {
      world.nowMs += 1_000;
      world.tick();
    }
    expect([...timers, asked, looked].map((spy) => spy.mock.calls.length)).toEqual([0, 0, 0, 0]);
    // Each still expires when its time is over, and not before.
    world.nowMs = NOW_MS + 60_000 + COUNT;
    world.tick();
    const expired = world.events.filter(({ state }) => state === 'expired');
    expect(expired.length).toBeGreaterThan(COUNT / 10);
    expect(expired.every(({ id }) => Number(id) - 9_000_000_000 <= COUNT)).toBe(true);
    world.nowMs = NOW_MS + 10_000_000;
    world.tick();
    expect(world.events.filter(({ state }) => state === 'expired')).toHaveLength(COUNT);
    vi.restoreAllMocks();
  });

  it('are routed when their device has a session, one look each', () => {
    const world = new World();
    world.command('interval', { cycle_time: 60 });
    world.tick();
    expect(world.states.at(-1)).toBe('queued');
    world.session('h02');
    world.nowMs += 1_000;
    world.tick();
    expect(world.states.at(-1)).toBe('routed');
  });

  it('are routed when the edge that holds their device is heard again', () => {
    const world = new World();
    world.session('h02');
    world.leases.renew('edge-a', true);
    world.command('interval', { cycle_time: 60 });
    world.tick();
    expect(world.states.at(-1)).toBe('queued');
    world.leases.renew('edge-a', false);
    world.tick();
    expect(world.states.at(-1)).toBe('routed');
  });
});

describe('a record of commands', () => {
  const other = String(
    9_000_000_000 +
      [1, 2, 3, 4, 5, 6, 7, 8, 9].find((n) => partitionOf(String(9_000_000_000 + n), PARTITIONS) !== PARTITION)!,
  );
  const letters = (world: World): string[] =>
    world.outputs
      .filter(({ topic }) => topic === 'dead-letters')
      .map(({ value }) => {
        const { reason, error } = codec.decode('dead-letters', value!);
        return `${reason}: ${error}`;
      });

  it('on a wrong partition is forwarded once, and is a dead letter the second time', () => {
    const world = new World();
    world.command('interval', { cycle_time: 60 }, { ident: other });
    const [forwarded] = world.outputs;
    expect(forwarded).toMatchObject({ topic: 'commands', key: other, headers: { forwarded: `${PARTITION}/0` } });
    expect(world.events).toEqual([]);
    world.give('commands', forwarded!.value!, { forwarded: Buffer.from('2/0') });
    expect(letters(world)).toEqual([expect.stringMatching(/^wrong_partition: /)]);
  });

  it('may be JSON; one that is no command is a dead letter that says why, and the partition goes on', () => {
    const world = new World();
    const fields = { id: 'j', ident: IDENT, name: 'interval', arguments: { cycle_time: 60 }, expires_at: 2e15 };
    world.give('commands', Buffer.from(JSON.stringify({ ...fields, expires_at: undefined })));
    world.give('commands', Buffer.from([0, 0, 0, 0, 1, 255]));
    world.give('commands', Buffer.from(JSON.stringify(fields)));
    expect(letters(world)).toEqual([
      expect.stringMatching(/^invalid: expires_at: it is missing/),
      expect.stringMatching(/^invalid: /),
    ]);
    expect(world.states).toEqual(['requested', 'queued']);
  });
});

describe('two steps of one transaction', () => {
  it('send what the first has routed once, after the commit', () => {
    const world = new World();
    world.session('h02');
    const held: StepResult[] = [];
    const step = vi.spyOn(world, 'step').mockImplementation((result) => void held.push(result));
    world.command('interval', { cycle_time: 60 });
    world.command('interval', { cycle_time: 90 });
    expect(world.sent).toEqual([]);
    step.mockRestore();
    for (const result of held) world.step(result);
    expect(world.sent).toHaveLength(1);
  });
});

describe('settings', () => {
  it('are desired when their command is taken, and reported when the device has confirmed it', () => {
    const world = new World();
    world.session('h02');
    world.command('interval', { cycle_time: 60 });
    expect(world.settings()).toEqual([{ name: 'interval', side: 'desired', value: '60' }]);
    world.report({});
    world.answer('h02');
    expect(world.states.at(-1)).toBe('succeeded');
    expect(world.settings().at(-1)).toEqual({ name: 'interval', side: 'reported', value: '60' });
  });

  it('are desired under the name that the device has for them, once it is known what it is', () => {
    const world = new World();
    world.command('interval', { cycle_time: 60 });
    expect(world.settings()).toEqual([]);
    world.session('jt808');
    world.tick();
    expect(world.settings()).toEqual([{ name: '0x0029', side: 'desired', value: '60' }]);
    world.report({ protocol: 'jt808' });
    world.answer('jt808');
    world.session(null);
    world.command('interval', { cycle_time: 90 });
    expect(world.settings().at(-1)).toEqual({ name: '0x0029', side: 'desired', value: '90' });
  });

  it('are not desired by a command that is refused', () => {
    const world = new World();
    world.session('h02');
    world.command('interval', { cycle_time: 1 });
    expect(world.settings()).toEqual([]);
  });

  it('are read back where the device can be asked, instead of being believed', () => {
    const world = new World();
    world.session('jt808');
    const { id } = world.command('interval', { cycle_time: 60 });
    world.report({ protocol: 'jt808' });
    world.answer('jt808');
    expect(world.settings()).toEqual([{ name: '0x0029', side: 'desired', value: '60' }]);
    const asked = world.outputs.filter(({ topic }) => topic === 'commands');
    expect(asked.map(({ value }) => codec.decode('commands', value!))).toMatchObject([
      { id: `read-back:${id}`, name: 'query_parameters' },
    ]);
  });
});

describe('an idle partition', () => {
  it('commits a beat now and then, which is no state of a device', () => {
    const world = new World();
    const result = world.task.tick(NOW_MS)!;
    expect(result.outputs).toEqual([]);
    expect(result.state).toHaveLength(1);
    const [beat] = result.state!;
    world.load('dispatcher-state', String(beat!.key), beat!.value);
    expect(world.task.tick(NOW_MS)).toBeNull();
  });
});

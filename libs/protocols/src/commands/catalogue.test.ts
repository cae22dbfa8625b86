/** The catalogue against the encoders: what it takes they word, what is out of its ranges they refuse. */
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { PROTOCOLS, type ProtocolId } from '../protocol.js';
import { COMMAND_NAMES as ATRACK_NAMES } from '../atrack/commands.js';
import { COMMAND_NAMES as H02_NAMES } from '../h02/encode.js';
import { COMMAND_NAMES as JT808_NAMES } from '../jt808/encode.js';
import { Report } from '../catalogue/report.generated.js';
import { answerOfReport, ON_DEMAND_AGE_MAX_US } from './answers.js';
import { catalogueOf, commandSpec, problemOfCommand, tryEncode } from './catalogue.js';
import { commandsPage, publishedCommands } from './markdown.js';
import { problemOfArguments, type ArgSchema } from './schema.js';
import { isDangerous, isLeaving, type Args, type CommandSpec } from './spec.js';

const EACH = PROTOCOLS.flatMap((type) => [...catalogueOf(type).values()].map((one) => [type, one.name, one] as const));

function arbitrary(schema: ArgSchema): fc.Arbitrary<unknown> {
  if ('anyOf' in schema) return fc.oneof(...schema.anyOf.map(arbitrary));
  if ('enum' in schema) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'integer':
      return fc.integer({ min: schema.minimum, max: schema.maximum });
    case 'boolean':
      return fc.boolean();
    case 'string': {
      const { minLength = 0, maxLength = 20, pattern } = schema;
      const any = fc.string({ minLength, maxLength: Math.min(maxLength, 30) });
      if (pattern === undefined) return any;
      return fc
        .stringMatching(new RegExp(pattern))
        .filter((text) => text.length >= minLength && text.length <= maxLength);
    }
    case 'array':
      return fc.array(arbitrary(schema.items), { minLength: schema.minItems ?? 0, maxLength: 5 });
    case 'object':
      return fc.dictionary(
        fc.stringMatching(new RegExp(schema.propertyNames.pattern)),
        arbitrary(schema.additionalProperties),
        {
          minKeys: schema.minProperties,
          maxKeys: 3,
        },
      );
  }
}
const argumentsFor = ({ args }: CommandSpec): fc.Arbitrary<Args> =>
  fc.record(Object.fromEntries(Object.entries(args.properties).map(([name, schema]) => [name, arbitrary(schema)])), {
    requiredKeys: [...args.required],
  });

/** Rules that a schema of single arguments cannot say; the encoder has them, and only there may it be stricter. */
const STRICTER: ReadonlySet<string> = new Set([
  'astra apn',
  'astra digital_output',
  'astra server_host',
  'h02 speed_limit',
  'jt808 set_parameters',
  'jt808 interval',
  'jt808 query_parameters',
  'jt808 terminal_control',
  'jt808 text',
  'jt808 temporary_tracking',
  'jt808 confirm_alarm',
  'jt808 transparent',
  ...['form_set', 'j1939_set', 'j1708_set', 'report_set'].map((name) => `atrack ${name}`),
]);

describe('the catalogue', () => {
  it('names exactly what the encoders word', () => {
    const names = (type: ProtocolId): string[] => [...catalogueOf(type).keys()].sort();
    expect(names('h02')).toEqual([...H02_NAMES].sort());
    expect(names('jt808')).toEqual([...JT808_NAMES].sort());
    expect(names('atrack')).toEqual([...ATRACK_NAMES].sort());
    const remedy = tryEncode('astra', 'nosuch', {});
    for (const name of names('astra'))
      expect(remedy).toMatchObject({ remedy: expect.stringContaining(name) as unknown });
  });

  it.each(EACH)('%s %s: the encoder words what the schema takes', (type, name, one) => {
    let worded = 0;
    fc.assert(
      fc.property(argumentsFor(one), (args) => {
        expect(problemOfArguments(one.args, args)).toBeNull();
        const encoded = tryEncode(type, name, args);
        if (encoded.kind === 'bytes') worded++;
        else
          expect([`${type} ${name}`, encoded.remedy]).toEqual([
            expect.toSatisfy((key: string) => STRICTER.has(key)),
            expect.any(String),
          ]);
      }),
      { seed: 7, numRuns: 60 },
    );
    expect(worded).toBeGreaterThan(0);
  });

  it.each(EACH)('%s %s: the encoder refuses numbers beside the range of the schema', (type, name, one) => {
    const [good] = fc.sample(
      argumentsFor(one).filter((args) => tryEncode(type, name, args).kind === 'bytes'),
      { seed: 3, numRuns: 1 },
    );
    for (const [argument, schema] of Object.entries(one.args.properties)) {
      if (!('type' in schema) || schema.type !== 'integer') continue;
      for (const value of [schema.minimum - 1, schema.maximum + 1, schema.minimum + 0.5]) {
        const args = { ...good, [argument]: value };
        expect(problemOfArguments(one.args, args)).toMatchObject({ field: `args.${argument}` });
        expect(tryEncode(type, name, args)).toMatchObject({ kind: 'error' });
      }
    }
  });

  it.each(EACH)('%s %s: a text can not smuggle a second command', (type, name, one) => {
    for (const [argument, schema] of Object.entries(one.args.properties)) {
      if (!('type' in schema) || schema.type !== 'string' || type === 'jt808') continue;
      for (const end of ['\r\n$IMOB,4\r\n', '\rAT$REST=2', '\n', '#*HQ,1,S20,000000,1,1#', '"\r\n'].slice(
        0,
        type === 'h02' ? 5 : 3,
      )) {
        const problem = problemOfCommand(type, name, { ...required(one), [argument]: `$A${end}` });
        expect(problem).not.toBeNull();
      }
    }
  });

  it.each(EACH)('%s %s: the usual answer is the one that the encoder says', (type, name, one) => {
    const answers = fc
      .sample(argumentsFor(one), { seed: 5, numRuns: 40 })
      .map((args) => tryEncode(type, name, args))
      .flatMap((encoded) => (encoded.kind === 'bytes' ? [encoded.answer] : []));
    expect(answers).toContain(one.answer);
  });

  it('calls dangerous what stops a vehicle, loses the device or erases data', () => {
    const dangerous = (type: ProtocolId, name: string, args: Args = {}): boolean =>
      isDangerous(commandSpec(type, name)!, args);
    for (const [type, name] of [
      ['astra', 'immobilise'],
      ['astra', 'server_host'],
      ['astra', 'server_port'],
      ['astra', 'apn'],
      ['h02', 'engine_stop'],
      ['jt808', 'terminal_control'],
      ['atrack', 'form_set'],
      ['atrack', 'server_set'],
      ['atrack', 'output_set'],
    ] as const)
      expect([name, dangerous(type, name)]).toEqual([name, true]);
    expect(dangerous('astra', 'custom', { payload: '$POLL' })).toBe(false);
    expect(dangerous('astra', 'custom', { payload: '$POLL$imob,4' })).toBe(true);
    expect(dangerous('h02', 'custom', { payload: 'S20,000000,1,1' })).toBe(true);
    expect(dangerous('h02', 'interval', { cycle_time: 60 })).toBe(false);
    expect(dangerous('jt808', 'set_parameters', { parameters: { '0x29': 30 } })).toBe(false);
    expect(dangerous('jt808', 'set_parameters', { parameters: { '0x0013': 'host' } })).toBe(true);
    expect(dangerous('atrack', 'custom', { text: 'AT$FORM=?' })).toBe(false);
    expect(dangerous('atrack', 'custom', { text: 'AT$FORM=1,@P,0,"%SA"' })).toBe(true);
    expect(isLeaving(commandSpec('astra', 'custom')!, { payload: '$IPAD,1.2.3.4' })).toBe(true);
  });

  it('writes again only what is idempotent, and D1 after S17', () => {
    for (const [, , one] of EACH) if (one.retry !== null) expect(one.idempotent).toBe(true);
    const retry = commandSpec('h02', 'interval')!.retry!;
    expect([1, 2].map((write) => retry.argumentsOf!({ cycle_time: 60 }, write))).toEqual([
      { cycle_time: 60 },
      { cycle_time: 60, form: 'D1' },
    ]);
    expect(retry.argumentsOf!({ cycle_time: 60, form: 'S17' }, 2)).toEqual({ cycle_time: 60, form: 'S17' });
    for (const [type, name] of [
      ['h02', 'engine_stop'],
      ['astra', 'immobilise'],
      ['astra', 'digital_output'],
      ['atrack', 'output_set'],
      ['jt808', 'terminal_control'],
    ] as const)
      expect(commandSpec(type, name)!.idempotent).toBe(false);
  });

  it('names the argument at fault and what would do', () => {
    expect(problemOfCommand('h02', 'interval', { cycle_time: 5 })).toEqual({
      field: 'args.cycle_time',
      remedy: 'use a whole number from 30 to 65535 (s)',
    });
    expect(problemOfCommand('h02', 'interval', {})).toMatchObject({
      remedy: expect.stringMatching(/^it is missing/) as unknown,
    });
    expect(problemOfCommand('h02', 'interval', { cycle_time: 60, colour: 1 })).toMatchObject({ field: 'args.colour' });
    expect(problemOfCommand('h02', 'reboot', {})).toMatchObject({ field: 'name' });
    expect(problemOfCommand('astra', 'digital_output', { output: 1, state: 1, pulse_reps: 2 })).toMatchObject({
      field: 'args.set_time',
    });
  });

  it('is published with a schema, an expiry and a line in the page for each command', () => {
    const all = publishedCommands();
    expect(all).toHaveLength(EACH.length);
    for (const one of all) {
      expect(one.expires_s).toBe(one.dangerous === 'never' ? 600 : 60);
      expect(one.arguments.$schema).toContain('json-schema.org');
      expect(commandsPage()).toContain(`| \`${one.name}\` |`);
    }
  });
});

function required(one: CommandSpec): Args {
  return fc.sample(argumentsFor(one), { seed: 9, numRuns: 1 })[0]!;
}

describe('a report', () => {
  const report = (protocol: string, reasons: readonly string[], over: Partial<Report> = {}): Report =>
    Object.assign(new Report(), { protocol, report_reasons: reasons, received_at: 2e15, timestamp: 2e15, ...over });

  it('answers the command that asked for it, by its reason', () => {
    const encoded = tryEncode('astra', 'custom', { payload: '$POLL' });
    expect(answerOfReport(report('astra', ['ignition_on', 'position_on_demand']))).toMatchObject({
      response: { command: 'POLL', outcome: 'ok' },
      correlation: encoded.kind === 'bytes' ? encoded.correlation : null,
    });
    const query = tryEncode('atrack', 'position_query', {});
    expect(answerOfReport(report('atrack', ['position_query']))).toMatchObject({
      correlation: query.kind === 'bytes' ? query.correlation : null,
    });
  });

  it('answers nothing when it has another reason, was stored, or is old', () => {
    expect(answerOfReport(report('astra', ['timed_interval_elapsed']))).toBeNull();
    expect(answerOfReport(report('astra', []))).toBeNull();
    expect(answerOfReport(report('astra', ['position_on_demand'], { message_buffered_status: true }))).toBeNull();
    const timestamp = 2e15 - ON_DEMAND_AGE_MAX_US - 1;
    expect(answerOfReport(report('astra', ['position_on_demand'], { timestamp }))).toBeNull();
  });
});

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildProgram, run, VERB_NAMES } from './program.js';

let out = '';
let err = '';
beforeEach(() => {
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
});
afterEach(() => vi.restoreAllMocks());

/** Verbs that do something, not only hold others. */
function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

const ASTRA = '58003201052196881ae0ce1f00000000000353d3d49e0010200000093d2353d3d49d031b934afffb036c0000a0000000e0eb';

describe('the fleetwire command', () => {
  it('lists every verb when it is asked for help, on stdout, and ends well', async () => {
    expect(await run(['--help'])).toBe(0);
    for (const verb of VERB_NAMES) expect(out).toContain(`\n  ${verb} `);
    expect(err).toBe('');
  });

  it('loads only the verb that is asked for', async () => {
    const program = await buildProgram('decode');
    expect(program.commands.map((command) => command.name())).toEqual(['decode']);
  });

  it.each(VERB_NAMES)('gives %s a help with an example and its exit codes', async (verb) => {
    for (const leaf of leaves((await buildProgram(verb)).commands[0]!)) {
      leaf.configureOutput({ writeOut: (text) => (out += text) }).outputHelp();
      expect(out).toMatch(/Examples?:\n {2}\$ fleetwire|Examples?:\n {2}\$ .*\| *fleetwire/);
      expect(out).toContain('Exit codes: 0');
    }
  });

  it.each([
    [['nosuch'], /unknown command/],
    [['decode', '--nosuch'], /unknown option/],
    [['decode', 'zz'], /HEX 1: not hex/],
    [['decode', '--jsonl', 'aa'], /--jsonl reads stdin alone/],
    [['decode', '--now', 'soon', 'aa'], /--now: "soon" is not a time/],
    [['tail'], /missing required argument 'topic'/],
    [['tail', 'nosuch'], /topic "nosuch" is not one of ours/],
    [['tail', 'events', '--idle', '3'], /--idle: "3" is not a duration/],
    [['simulate', '--devices', '0'], /--devices: "0" is not usable/],
    [['simulate', '--duration', '0s'], /--duration: 0 makes no reports/],
    [['simulate', '--protocol', 'gt06'], /give one of astra, h02, jt808, atrack, mixed/],
    [['command', '1', 'custom', 'payload'], /"payload" is not key=value/],
    [['command', '1'], /no NAME/],
  ])('ends %j with 2 and says on stderr alone what is wrong', async (argv, problem) => {
    expect(await run(argv)).toBe(2);
    expect(err).toMatch(problem);
    expect(out).toBe('');
  });

  it('decodes a captured frame to one flat JSON line', async () => {
    expect(await run(['decode', ASTRA, '--now', '2024-07-30T16:20:00Z'])).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      ident: '860873041761486',
      timestamp: 1722356254,
      'position.latitude': 52.138826,
      'external.powersource.voltage': 12.2,
    });
  });

  it('takes the bytes of one connection in pieces, and refuses what is left over', async () => {
    expect(await run(['decode', '--protocol', 'astra', ASTRA.slice(0, 30), ASTRA.slice(30)])).toBe(0);
    expect(await run(['decode', '--protocol', 'astra', ASTRA.slice(0, 30)])).toBe(1);
    expect(out).toContain('{"rejected":{"reason":"truncated"');
  });

  it('explains which bytes decided and what each byte means', async () => {
    expect(await run(['decode', '--explain', ASTRA])).toBe(0);
    expect(out).toMatch(/astra +yes +bytes 0\.\.49/);
    expect(out).toMatch(/\n +34 +4 +031b934a +position\.latitude +52138826 +52\.138826 deg\n/);
    out = '';
    expect(await run(['decode', '--explain', '--json', ASTRA])).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ frames: [{ protocol: 'astra', ident: '860873041761486', reply: '06' }] });
  });
});

describe('the reference of the command', () => {
  const page = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8');

  it('has a section for every verb, and every option of every verb', async () => {
    for (const verb of VERB_NAMES) {
      for (const leaf of leaves((await buildProgram(verb)).commands[0]!)) {
        const name = leaf.parent?.name() === 'fleetwire' ? leaf.name() : `${leaf.parent!.name()} ${leaf.name()}`;
        expect(page).toContain(`fleetwire ${name}`);
        if (verb === 'up') continue;
        for (const option of leaf.options) expect(page).toContain(option.long ?? '');
      }
    }
  });
});

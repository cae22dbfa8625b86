/**
 * `npm run fuzz -- [--seed N] [--seconds N] [--frames N] [--case N] [--reports N]`: damages frames of all corpora until the time or the
 * frames are used up, then checks that message ids of N simulated reports are stable and never collide. Exits 1 with what it found.
 * A minute unless one of both is given; `--frames 1000000` is the long form. `npm run ids [-- --reports N]`: the ids alone, of 10 million.
 */
import { parseArgs } from 'node:util';
import { checkIdentities } from './identity.js';
import { fuzz } from './run.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    seconds: { type: 'string' },
    frames: { type: 'string' },
    reports: { type: 'string', default: '100000' },
    case: { type: 'string' },
  },
});

/** Without a number of frames, the frames of a minute; with it, as long as they take: a day is as good as for ever. */
const SECONDS = values.frames === undefined ? 60 : 86_400;
const FRAMES = 1e9;

function count(name: 'seed' | 'seconds' | 'frames' | 'reports' | 'case', absent = 0): number {
  const value = values[name] === undefined ? absent : Number(values[name]);
  if (Number.isFinite(value) && value >= 0) return value;
  process.stderr.write(`--${name} ${String(values[name])}: use a number, 0 or more\n`);
  process.exit(2);
}

/** Of a finding's text; all of it with --case. */
const DETAIL_MAX = 300;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const [seed, seconds, frames, reports] = [
  count('seed'),
  count('seconds', SECONDS),
  count('frames', FRAMES),
  count('reports'),
];
say(`seed ${seed}, up to ${seconds} s, ${frames} frames, ${reports} simulated reports`);
const from = performance.now();
const result = fuzz({ seed, seconds, frames, ...(values.case !== undefined && { only: count('case') }) });
const took = (performance.now() - from) / 1000;
const { findings, closed, ...counts } = result;
say(`${took.toFixed(1)} s ${JSON.stringify(counts)} closed ${JSON.stringify(closed)}`);
const identities = values.case === undefined ? checkIdentities({ seed, reports }) : null;
if (identities !== null) {
  const { problems, ...told } = identities;
  say(`identities ${JSON.stringify(told)}`);
  for (const problem of problems) say(`identity: ${problem}`);
}
for (const { kind, detail, reads, case: number } of findings) {
  const hex = reads.join('|');
  say(`${kind} in case ${number} (--seed ${seed} --case ${number}): ${detail.slice(0, DETAIL_MAX)}`);
  say(`  ${values.case === undefined ? hex.slice(0, DETAIL_MAX) : hex}`);
}
process.exitCode = findings.length + (identities?.problems.length ?? 0) === 0 ? 0 : 1;

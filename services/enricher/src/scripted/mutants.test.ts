/**
 * The checks of the scripted days must turn red when the fold is broken: each defect here breaks it in one named way, and is taken out again.
 * A check that stayed green here would prove nothing in the other files.
 */
import { describe, expect, it } from 'vitest';
import { Corrections } from '../corrections.js';
import { STEPS, type Step } from '../fold/steps.js';
import type { Facts } from '../fold/facts.js';
import type { Fence, World } from '../fold/world.js';
import { fences } from '../geofence/step.js';
import { compareEntries, HOUR_US, type Entry } from '../log/entry.js';
import { ReportLog } from '../log/report-log.js';
import { PackedDevices } from '../store/packed-devices.js';
import { motion } from '../trips/motion.js';
import { borderFindings } from './border.js';
import { delivered, inOrder, orderFindings, truthFindings } from './check.js';
import { MODES } from './delivery.js';
import { scriptedFleet } from './fleet.js';

const SEED = 77;
const fleet = scriptedFleet({ seed: SEED, devices: 5, hours: 14, calm: false, sparse: 6 });
const calm = scriptedFleet({ seed: SEED, devices: 3, hours: 8, calm: true, sparse: 1 });
const want = inOrder(fleet);
const shuffled = (): string[] => {
  try {
    return orderFindings(
      want,
      delivered(fleet, (i) => MODES[i % MODES.length]!, SEED),
    );
  } catch (error) {
    // A fold that can not go on is found out too.
    return [String(error)];
  }
};

/** Puts `broken` in place of a method while `run` runs. */
function without<T extends object, K extends keyof T>(of: T, name: K, broken: T[K], run: () => string[]): string[] {
  const whole = Object.getOwnPropertyDescriptor(of, name)!;
  Object.defineProperty(of, name, { configurable: true, writable: true, value: broken });
  try {
    return run();
  } finally {
    Object.defineProperty(of, name, whole);
  }
}

/** A method by itself, to be called for an object. */
function methodOf<T extends object, K extends keyof T>(of: T, name: K): T[K] {
  return of[name];
}

/** Puts another step in the place of one of the list. */
function withStep(step: Step, broken: Step, run: () => string[]): string[] {
  const steps = STEPS as Step[];
  const at = steps.indexOf(step);
  if (at < 0) throw new Error('the step is not in the list: the defect would break nothing');
  steps[at] = broken;
  try {
    return run();
  } finally {
    steps[at] = step;
  }
}

const log = ReportLog.prototype;
const corrections = Corrections.prototype;
const devices = PackedDevices.prototype;
/** The methods as they are before they are broken. */
const whole = {
  insert: methodOf(log, 'insert'),
  prune: methodOf(log, 'prune'),
  readOpen: methodOf(log, 'readOpen'),
  restore: methodOf(devices, 'restore'),
  correct: methodOf(corrections, 'correct'),
};

describe('the check of orders of arrival', () => {
  it('is green when nothing is broken', () => {
    expect(shuffled()).toEqual([]);
  }, 120_000);

  it.each([
    ['reports are not known again', () => without(log, 'find', () => null, shuffled)],
    [
      'the order of arrival is taken for that of events',
      () =>
        without(
          log,
          'insert',
          function (this: ReportLog, entry, start) {
            const { newest } = this;
            const late = newest !== null && compareEntries(entry, newest) < 0;
            whole.insert.call(this, late ? { ...entry, timeUs: newest.timeUs } : entry, start);
          },
          shuffled,
        ),
    ],
    [
      'the horizon ends after an hour',
      () =>
        without(
          log,
          'prune',
          function (this: ReportLog, newestUs) {
            return whole.prune.call(this, newestUs + 5 * HOUR_US);
          },
          shuffled,
        ),
    ],
    [
      'closed hours do not outlive a kill',
      () =>
        without(
          devices,
          'restore',
          function (this: PackedDevices, ident, part, payload) {
            if (part === '') whole.restore.call(this, ident, part, payload);
          },
          shuffled,
        ),
    ],
    [
      'the open segment does not outlive a kill',
      () =>
        without(
          log,
          'readOpen',
          function (this: ReportLog, from) {
            whole.readOpen.call(new ReportLog(), from);
          },
          shuffled,
        ),
    ],
    [
      'nothing is taken back',
      () =>
        without(
          corrections,
          'correct',
          function (this: Corrections, before, after, cause, atUs) {
            return whole.correct.call(this, before, after, cause, atUs).filter(({ body }) => body.retracted !== true);
          },
          shuffled,
        ),
    ],
    [
      'revisions are not counted on',
      () => without(corrections, 'publish', (output) => ({ ...output, published: output.revision }), shuffled),
    ],
  ] as const)(
    'turns red when %s',
    (_, findings) => {
      expect(findings().length).toBeGreaterThan(0);
    },
    120_000,
  );
});

describe('the check against the truth', () => {
  it('is green when nothing is broken', () => {
    expect(truthFindings(calm)).toEqual([]);
  }, 120_000);

  const mistakes: readonly (readonly [string, (facts: Facts, entry: Entry) => Facts])[] = [
    ['ignition is taken for movement', (facts, entry) => ({ ...facts, moves: facts.moves || entry.ignition === true })],
    ['drift is taken for movement', (facts) => ({ ...facts, moves: facts.moves || facts.legKm > 0.002 })],
    ['only fast vehicles move', (facts, entry) => ({ ...facts, moves: facts.moves && (entry.speed ?? 0) > 45 })],
  ];
  it.each(mistakes)(
    'turns red when %s',
    (_, mistaken) => {
      const broken: Step = (state, entry, facts, world, out) =>
        motion(state, entry, mistaken(facts, entry), world, out);
      expect(withStep(motion, broken, () => truthFindings(calm)).length).toBeGreaterThan(0);
    },
    120_000,
  );
});

describe('the check at the border of a fence', () => {
  it('is green when nothing is broken', () => {
    expect(borderFindings(SEED)).toEqual([]);
  });

  /** The same world with fences of another kind. */
  const worldWith = (world: World, change: (fence: Fence) => Fence): World => {
    const { fences: all } = world;
    if (all === null) return world;
    const known = (fence: Fence | null): Fence | null => (fence === null ? null : change(fence));
    return {
      ...world,
      fences: {
        near: (point, atUs) => all.near(point, atUs).map(change),
        crossed: (from, to, atUs) => all.crossed(from, to, atUs).map(change),
        byId: (id, atUs) => known(all.byId(id, atUs)),
      },
    };
  };
  const mistakes: readonly (readonly [string, Step])[] = [
    [
      'a fence is left at its border, without a margin',
      (state, entry, facts, world, out) =>
        fences(
          state,
          entry,
          facts,
          worldWith(world, (fence) => ({ ...fence, marginM: 0 })),
          out,
        ),
    ],
    [
      'one fix is enough to enter or leave',
      (state, entry, facts, world, out) => fences(fences(state, entry, facts, world, out), entry, facts, world, out),
    ],
  ];
  it.each(mistakes)('turns red when %s', (_, broken) => {
    expect(withStep(fences, broken, () => borderFindings(SEED)).length).toBeGreaterThan(0);
  });
});

/** Reads the fold's state, field by field as state-writer.ts writes it. */
import { EPOCH_US, Reader } from '../store/bytes.js';
import { ABSENT, DEGREE, HOUR, KM, KNOWN, NEW, SPEED, TENTH } from './state-layout.js';
import type { Events, FenceVisit, Fix, FoldState, Level, Mark, Motion, Span, Stop, Track, Trip } from './state.js';

export class FoldReader {
  readonly #marks: Mark[] = [];
  readonly #fixes: Fix[] = [];
  #base = 0;
  in = new Reader();

  state(): FoldState {
    this.#marks.length = 0;
    this.#fixes.length = 0;
    const lastUs = this.in.time(EPOCH_US)!;
    this.#base = lastUs;
    const track = this.#track(lastUs);
    const motion = this.#motion();
    const events = this.#events();
    const count = this.in.unsigned();
    return { track, motion, events, fences: count === 0 ? NO_VISITS : list(count, () => this.#visit()) };
  }

  // Object literals are evaluated in the order in which they stand: that of the writer.
  #track(lastUs: number): Track {
    const r = this.in;
    return {
      lastUs,
      fix: this.#fix(),
      counted: this.#fix(),
      distanceKm: r.number(KM)!,
      odometerKm: r.number(KM),
      driver: r.text(),
      fuelLevel: r.number(TENTH),
      fuelUsed: r.number(TENTH),
      engineHours: r.number(HOUR),
      ignitionS: r.number(1)!,
      ignition: flagOf(r.byte()),
      ignitionSinceUs: r.time(this.#base)!,
    };
  }

  #motion(): Motion {
    const r = this.in;
    const anchor = this.#fix();
    const anchorOdometerKm = r.number(KM);
    const informedUs = r.time(this.#base)!;
    const pending = this.#mark();
    const pendingUs = r.time(this.#base)!;
    const pendingSpeed = r.number(SPEED);
    const pendingCount = r.unsigned();
    const has = r.byte();
    const trip = (has & 1) === 0 ? null : this.#trip();
    const stop = (has & 2) === 0 ? null : this.#stop();
    return { anchor, anchorOdometerKm, informedUs, pending, pendingUs, pendingSpeed, pendingCount, trip, stop };
  }

  #trip(): Trip {
    const r = this.in;
    const start = this.#mark()!;
    const last = this.#mark()!;
    const rest = this.#mark();
    const stillUs = r.time(this.#base);
    const endedUs = r.time(this.#base);
    const maxSpeed = r.number(SPEED);
    const idleS = r.number(1)!;
    const idleSinceS = r.number(1)!;
    const countLast = r.unsigned();
    const count = r.unsigned();
    const flags = r.byte();
    return {
      start,
      last,
      rest,
      stillUs,
      endedUs,
      maxSpeed,
      idleS,
      idleSinceS,
      countLast,
      count,
      odometerSane: (flags & 1) !== 0,
      odometerWhole: (flags & 2) !== 0,
      driver: r.text(),
      revision: r.unsigned(),
      shownUs: r.time(this.#base)!,
    };
  }

  #stop(): Stop {
    const r = this.in;
    return { start: this.#mark()!, idleS: r.number(1)!, count: r.unsigned(), gap: r.byte() !== 0 };
  }

  #events(): Events {
    const r = this.in;
    const has = r.byte();
    return {
      idle: (has & 1) === 0 ? null : this.#span(),
      overspeed: (has & 2) === 0 ? null : this.#span(),
      harsh: this.#levels(),
      alarmsOn: r.unsigned(),
      alarms: this.#levels(),
    };
  }

  #span(): Span {
    const r = this.in;
    return {
      start: this.#mark()!,
      active: r.byte() !== 0,
      peak: r.number(SPEED)!,
      shown: r.number(SPEED)!,
      limit: r.number(SPEED)!,
      underUs: r.time(this.#base),
      revision: r.unsigned(),
    };
  }

  #levels(): readonly Level[] {
    const r = this.in;
    const count = r.unsigned();
    if (count === 0) return NO_LEVELS;
    return list(count, () => ({
      code: r.unsigned(),
      start: this.#mark()!,
      value: r.number(SPEED)!,
      revision: r.unsigned(),
    }));
  }

  #visit(): FenceVisit {
    const r = this.in;
    const id = r.text()!;
    const name = r.text()!;
    const version = r.number(1)!;
    const flags = r.byte();
    return {
      id,
      name,
      version,
      entered: (flags & 1) !== 0,
      start: this.#mark()!,
      last: this.#mark()!,
      left: this.#mark(),
      fixes: r.unsigned(),
      dwelt: (flags & 2) !== 0,
      count: r.unsigned(),
    };
  }

  #mark(): Mark | null {
    const r = this.in;
    const how = r.byte();
    if (how === ABSENT) return null;
    if (how !== NEW) return this.#marks[this.#marks.length - 1 - (how - KNOWN)]!;
    const mark = {
      atUs: r.time(this.#base)!,
      idHigh: r.word(),
      idLow: r.word(),
      latitude: r.number(DEGREE),
      longitude: r.number(DEGREE),
      distanceKm: r.number(KM)!,
      odometerKm: r.number(KM),
      fuelLevel: r.number(TENTH),
      fuelUsed: r.number(TENTH),
      engineHours: r.number(HOUR),
    };
    this.#marks.push(mark);
    return mark;
  }

  #fix(): Fix | null {
    const r = this.in;
    const how = r.byte();
    if (how === ABSENT) return null;
    if (how !== NEW) return this.#fixes[this.#fixes.length - 1 - (how - KNOWN)]!;
    const fix = {
      latitude: r.number(DEGREE)!,
      longitude: r.number(DEGREE)!,
      atUs: r.time(this.#base)!,
      speed: r.number(SPEED),
      heading: r.number(1),
    };
    this.#fixes.push(fix);
    return fix;
  }
}

const NO_VISITS: readonly FenceVisit[] = [];
const NO_LEVELS: readonly Level[] = [];
const flagOf = (byte: number): boolean | null => (byte === 2 ? null : byte === 1);

function list<T>(count: number, read: () => T): T[] {
  const found: T[] = [];
  for (let i = 0; i < count; i++) found.push(read());
  return found;
}

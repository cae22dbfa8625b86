/** Writes the fold's state; see state-codec.ts. */
import { EPOCH_US, type Writer } from '../store/bytes.js';
import { ABSENT, DEGREE, HOUR, KM, KNOWN, NEW, SPEED, TENTH } from './state-layout.js';
import type { Events, FenceVisit, Fix, FoldState, Level, Mark, Motion, Span, Stop, Track, Trip } from './state.js';

/** How far back a value that was written already is looked for. */
const LOOK_BACK = 16;

/** Most bytes of a record here without its texts; room is asked for once for each. */
const RECORD_ROOM = 512;

export class FoldWriter {
  readonly #marks: Mark[] = [];
  readonly #fixes: Fix[] = [];
  #base = 0;

  constructor(readonly out: Writer) {}

  state({ track, motion, events, fences }: FoldState): void {
    const { out } = this;
    this.#marks.length = 0;
    this.#fixes.length = 0;
    this.#base = track.lastUs;
    out.room(RECORD_ROOM);
    out.time(track.lastUs, EPOCH_US);
    this.#track(track);
    this.#motion(motion);
    this.#events(events);
    out.unsigned(fences.length);
    for (const visit of fences) this.#visit(visit);
  }

  #track(v: Track): void {
    const { out } = this;
    this.#fix(v.fix);
    this.#fix(v.counted);
    out.number(v.distanceKm, KM);
    out.number(v.odometerKm, KM);
    out.text(v.driver);
    out.room(RECORD_ROOM);
    out.number(v.fuelLevel, TENTH);
    out.number(v.fuelUsed, TENTH);
    out.number(v.engineHours, HOUR);
    out.number(v.ignitionS, 1);
    this.#flag(v.ignition);
    this.#time(v.ignitionSinceUs);
  }

  #motion(v: Motion): void {
    const { out } = this;
    out.room(RECORD_ROOM);
    this.#fix(v.anchor);
    out.number(v.anchorOdometerKm, KM);
    this.#time(v.informedUs);
    this.#mark(v.pending);
    this.#time(v.pendingUs);
    out.number(v.pendingSpeed, SPEED);
    out.unsigned(v.pendingCount);
    out.byte((v.trip === null ? 0 : 1) | (v.stop === null ? 0 : 2));
    if (v.trip !== null) this.#trip(v.trip);
    if (v.stop !== null) this.#stop(v.stop);
  }

  #trip(v: Trip): void {
    const { out } = this;
    out.room(RECORD_ROOM);
    this.#mark(v.start);
    this.#mark(v.last);
    this.#mark(v.rest);
    this.#time(v.stillUs);
    this.#time(v.endedUs);
    out.number(v.maxSpeed, SPEED);
    out.number(v.idleS, 1);
    out.number(v.idleSinceS, 1);
    out.unsigned(v.countLast);
    out.unsigned(v.count);
    out.byte((v.odometerSane ? 1 : 0) | (v.odometerWhole ? 2 : 0));
    out.text(v.driver);
    out.room(RECORD_ROOM);
    out.unsigned(v.revision);
    this.#time(v.shownUs);
  }

  #stop(v: Stop): void {
    this.out.room(RECORD_ROOM);
    this.#mark(v.start);
    this.out.number(v.idleS, 1);
    this.out.unsigned(v.count);
    this.out.byte(v.gap ? 1 : 0);
  }

  #events({ idle, overspeed, harsh, alarmsOn, alarms }: Events): void {
    const { out } = this;
    out.room(RECORD_ROOM);
    out.byte((idle === null ? 0 : 1) | (overspeed === null ? 0 : 2));
    if (idle !== null) this.#span(idle);
    if (overspeed !== null) this.#span(overspeed);
    out.room(RECORD_ROOM);
    this.#levels(harsh);
    out.unsigned(alarmsOn);
    this.#levels(alarms);
  }

  #span(v: Span): void {
    const { out } = this;
    out.room(RECORD_ROOM);
    this.#mark(v.start);
    out.byte(v.active ? 1 : 0);
    out.number(v.peak, SPEED);
    out.number(v.shown, SPEED);
    out.number(v.limit, SPEED);
    this.#time(v.underUs);
    out.unsigned(v.revision);
  }

  #levels(levels: readonly Level[]): void {
    const { out } = this;
    out.unsigned(levels.length);
    for (const { code, start, value, revision } of levels) {
      out.room(RECORD_ROOM);
      out.unsigned(code);
      this.#mark(start);
      out.number(value, SPEED);
      out.unsigned(revision);
    }
  }

  #visit(v: FenceVisit): void {
    const { out } = this;
    out.text(v.id);
    out.text(v.name);
    out.room(RECORD_ROOM);
    out.number(v.version, 1);
    out.byte((v.entered ? 1 : 0) | (v.dwelt ? 2 : 0));
    this.#mark(v.start);
    this.#mark(v.last);
    this.#mark(v.left);
    out.unsigned(v.fixes);
    out.unsigned(v.count);
  }

  #mark(v: Mark | null): void {
    const { out } = this;
    if (!this.#isNew(v, this.#marks)) return;
    this.#time(v.atUs);
    out.word(v.idHigh);
    out.word(v.idLow);
    out.number(v.latitude, DEGREE);
    out.number(v.longitude, DEGREE);
    out.number(v.distanceKm, KM);
    out.number(v.odometerKm, KM);
    out.number(v.fuelLevel, TENTH);
    out.number(v.fuelUsed, TENTH);
    out.number(v.engineHours, HOUR);
  }

  #fix(v: Fix | null): void {
    const { out } = this;
    if (!this.#isNew(v, this.#fixes)) return;
    out.number(v.latitude, DEGREE);
    out.number(v.longitude, DEGREE);
    this.#time(v.atUs);
    out.number(v.speed, SPEED);
    out.number(v.heading, 1);
  }

  /** Says that a value is absent or where it was written before; false: that was all. */
  #isNew<T>(value: T | null, known: T[]): value is T {
    if (value === null) {
      this.out.byte(ABSENT);
      return false;
    }
    for (let back = 0; back < known.length && back < LOOK_BACK; back++)
      if (known[known.length - 1 - back] === value) {
        this.out.byte(KNOWN + back);
        return false;
      }
    this.out.byte(NEW);
    known.push(value);
    return true;
  }

  #time(valueUs: number | null): void {
    this.out.time(valueUs, this.#base);
  }

  #flag(value: boolean | null): void {
    this.out.byte(value === null ? 2 : value ? 1 : 0);
  }
}

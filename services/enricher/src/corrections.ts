/**
 * Revisions of what was published. The fold counts how often it has spoken of an id; when it is run again over other reports that
 * count may be another, so each corrected id has a base that is added to it: revisions of an id only go up.
 */
import type { Output } from './fold/output.js';
import { EPOCH_US, type Reader, type Writer } from './store/bytes.js';

/** An output with the revision under which it is published. */
export type Published = Output & { readonly published: number };

interface Base {
  base: number;
  atUs: number;
}

export type Outputs = ReadonlyMap<string, Output>;

const keyOf = (output: Output): string => `${output.topic}|${output.id}`;

/** The last word of each id. */
export function lastOf(...lists: readonly (readonly Output[])[]): Map<string, Output> {
  const found = new Map<string, Output>();
  for (const list of lists) for (const output of list) found.set(keyOf(output), output);
  return found;
}

export class Corrections {
  /** Null: there are none, as for most devices. */
  #bases: Map<string, Base> | null = null;

  get size(): number {
    return this.#bases?.size ?? 0;
  }

  /** An output in order, as it is published. */
  publish(output: Output): Published {
    const base = this.#bases?.get(keyOf(output))?.base ?? 0;
    return { ...output, published: output.revision + base };
  }

  /**
   * What to publish where `before` stood for a device's reports and now `after` does: what differs as a higher revision, what has vanished as a retraction.
   * Both begin with what was on at their common start. `atUs`: event time, for forgetting.
   */
  correct(before: Outputs, after: Outputs, cause: string, atUs: number): Published[] {
    const changes: Published[] = [];
    for (const [key, output] of after) {
      const old = before.get(key);
      const known = this.#published(key, old);
      if (old !== undefined && sameBody(old, output)) {
        this.#set(key, known - output.revision, atUs);
        continue;
      }
      // It was never told, and is taken back already.
      if (old === undefined && output.body.retracted === true) continue;
      changes.push({ ...output, cause: known < 0 ? output.cause : cause, published: known + 1 });
      this.#set(key, known + 1 - output.revision, atUs);
    }
    for (const [key, old] of before) {
      if (after.has(key)) continue;
      const known = this.#published(key, old);
      if (old.body.retracted !== true) changes.push(retracted(old, after, before, cause, known + 1));
      this.#set(key, known + 2, atUs);
    }
    return changes;
  }

  /** Forgets ids that were corrected before `atUs` and are not among `open`. */
  prune(atUs: number, open: Outputs): void {
    const bases = this.#bases;
    if (bases === null) return;
    for (const [key, base] of bases) if (base.atUs < atUs && !open.has(key)) bases.delete(key);
  }

  write(out: Writer): void {
    out.room(10);
    out.unsigned(this.size);
    if (this.#bases === null) return;
    for (const [key, { base, atUs }] of this.#bases) {
      out.text(key);
      out.room(20);
      out.signed(base);
      out.time(atUs, EPOCH_US);
    }
  }

  read(from: Reader): void {
    for (let left = from.unsigned(); left > 0; left--) {
      const key = from.text()!;
      (this.#bases ??= new Map()).set(key, { base: from.signed(), atUs: from.time(EPOCH_US)! });
    }
  }

  /** Revision last published of an id; −1: it never was. */
  #published(key: string, old: Output | undefined): number {
    const base = this.#bases?.get(key)?.base;
    return old === undefined ? (base ?? 0) - 1 : old.revision + (base ?? 0);
  }

  #set(key: string, base: number, atUs: number): void {
    if (base === 0) this.#bases?.delete(key);
    else (this.#bases ??= new Map()).set(key, { base, atUs });
  }
}

const sameBody = (a: Output, b: Output): boolean => JSON.stringify(a.body) === JSON.stringify(b.body);

function retracted(old: Output, after: Outputs, before: Outputs, cause: string, published: number): Published {
  const by = { retracted: true, superseded_by: successor(old, after, before) };
  return old.topic === 'trips'
    ? { ...old, cause, published, body: { ...old.body, ...by } }
    : { ...old, cause, published, body: { ...old.body, ...by } };
}

/** The new record of the same kind that lies over its time. */
function successor(old: Output, after: Outputs, before: Outputs): string | null {
  for (const [key, output] of after) {
    if (before.has(key) || output.topic !== old.topic || output.body.retracted === true) continue;
    if (output.topic === 'events' && old.topic === 'events' && output.body.type === old.body.type)
      if (output.body.at === old.body.at || overlaps(old.body, output.body)) return output.id;
    if (output.topic === 'trips' && old.topic === 'trips' && output.body.kind === old.body.kind)
      if (overlaps(old.body, output.body)) return output.id;
  }
  return null;
}

type Times = { readonly started_at?: number | null; readonly ended_at?: number | null };
function overlaps(a: Times, b: Times): boolean {
  const [from, other] = [a.started_at ?? Infinity, b.started_at ?? Infinity];
  return from < Infinity && other < Infinity && from <= (b.ended_at ?? Infinity) && other <= (a.ended_at ?? Infinity);
}

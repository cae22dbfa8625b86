/**
 * All geofences of the process, by version and by place. A version counts for event times from its `valid_from` until the next one's,
 * or its `valid_to`; which one holds is asked with each report, so that a change applies without a restart and does not touch the past.
 */
import Flatbush from 'flatbush';
import type { Geofence } from '@fleetwire/schemas';
import { SUPERSEDED_FENCES_MS } from '@fleetwire/streaming';
import type { Point } from '../fold/distance.js';
import type { Fence, Fences } from '../fold/world.js';
import { shorter, type Box, type Shape } from './shape.js';
import { shapeOf } from './shape-of.js';

/** A version is kept for so long after it has ended, as the topic keeps it: late reports are judged by the fence of their time. */
export const KEPT_US = SUPERSEDED_FENCES_MS * 1000;
/** Most versions of one fence: one that is changed without pause must not fill the memory. */
export const VERSIONS_MAX = 256;
/** Changed fences are looked through one by one until there are so many; then the index is built anew. */
const RECENT_MAX = 64;
/** Side of a cell whose fences are remembered, degrees; and how many cells. */
const CELL = 0.01;
const CELLS_MAX = 200_000;
/** A fence whose box touches more cells than this is a large one. */
const SMALL_CELLS_MAX = 64;
/** m that a fix must be outside to have left, where the fence does not say. */
export const MARGIN_M = 30;

interface Version extends Fence {
  readonly shape: Shape;
  readonly fromUs: number;
  toUs: number;
  readonly enabled: boolean;
  readonly groups: readonly string[];
  readonly idents: readonly string[];
  readonly tenant: string | null;
}

/** For whom fences are asked. */
export interface FenceOwner {
  readonly ident: string;
  readonly tenant: string | null;
  readonly group: string | null;
}

interface Tree {
  readonly tree: Flatbush;
  readonly items: readonly Version[];
}

interface Index {
  /** Small fences, by each cell that their box touches. */
  readonly cells: ReadonlyMap<number, readonly Version[]>;
  /** The others; null: there are none. */
  readonly large: Tree | null;
  /** Fences with crossings; null: there are none. */
  readonly crossed: Tree | null;
}

const NONE: readonly Version[] = [];

export class FenceBook {
  /** By fence, oldest first. */
  readonly #versions = new Map<string, Version[]>();
  #index: Index | null = null;
  #recent: Version[] = [];
  readonly #cells = new Map<number, readonly Version[]>();
  /** When the newest record was written, µs. */
  #newestUs = 0;

  get size(): number {
    return this.#versions.size;
  }

  /** Takes a record of `geofences` that was written at `atUs`; null: it was deleted then. Null when it was taken, else what is wrong with it. */
  put(id: string, geofence: Geofence | null, atUs: number): string | null {
    this.#newestUs = Math.max(this.#newestUs, atUs);
    const known = this.#versions.get(id) ?? [];
    if (geofence === null) {
      for (const version of known) version.toUs = Math.min(version.toUs, atUs);
      this.#keep(id, known);
      return null;
    }
    const shape = shapeOf(geofence);
    if ('problem' in shape) return shape.problem;
    const version = versionOf(geofence, shape);
    const others = known.filter(({ fromUs }) => fromUs !== version.fromUs);
    this.#keep(
      id,
      [...others, version].sort((a, b) => a.fromUs - b.fromUs),
    );
    this.#recent.push(version);
    if (this.#recent.length > RECENT_MAX) this.#index = null;
    return null;
  }

  /** The fences that hold for a device; null: there are none at all. */
  of(owner: FenceOwner): Fences | null {
    if (this.#versions.size === 0) return null;
    const holds = (version: Version, atUs: number): boolean =>
      isFor(version, owner) && version === this.#at(version.id, atUs);
    return {
      near: (point, atUs) => {
        const candidates = this.#candidates(point);
        return candidates.length === 0 ? NONE : candidates.filter((v) => isInBox(v.shape.box, point) && holds(v, atUs));
      },
      crossed: (from, to, atUs) => {
        const candidates = this.#along(from, to);
        return candidates.length === 0 ? NONE : candidates.filter((v) => v.wants.cross && holds(v, atUs));
      },
      byId: (id, atUs) => {
        const version = this.#at(id, atUs);
        return version !== null && isFor(version, owner) ? version : null;
      },
    };
  }

  /** Keeps what late reports may still ask for, oldest first. */
  #keep(id: string, versions: readonly Version[]): void {
    const oldestUs = this.#newestUs - KEPT_US;
    const endOf = ({ toUs }: Version, i: number): number => Math.min(toUs, versions[i + 1]?.fromUs ?? Infinity);
    const kept = versions.filter((version, i) => endOf(version, i) > oldestUs).slice(-VERSIONS_MAX);
    if (kept.length === 0) this.#versions.delete(id);
    else this.#versions.set(id, kept);
  }

  #at(id: string, atUs: number): Version | null {
    const versions = this.#versions.get(id);
    if (versions === undefined) return null;
    for (let i = versions.length - 1; i >= 0; i--) {
      const version = versions[i]!;
      if (version.fromUs <= atUs) return version.enabled && atUs < version.toUs ? version : null;
    }
    return null;
  }

  #candidates({ latitude, longitude }: Point): readonly Version[] {
    const { cells, large } = this.#built();
    const [row, column] = [Math.floor(latitude / CELL), Math.floor(longitude / CELL)];
    const small = cells.get(keyOf(row, column)) ?? NONE;
    const found = large === null ? small : [...small, ...this.#largeIn(large, row, column)];
    return this.#recent.length === 0 ? found : [...found, ...this.#recent];
  }

  #largeIn({ tree, items }: Tree, row: number, column: number): readonly Version[] {
    const key = keyOf(row, column);
    let found = this.#cells.get(key);
    if (found === undefined) {
      const [south, west] = [row * CELL, column * CELL];
      const hits = tree.search(west, south, west + CELL, south + CELL);
      found = hits.length === 0 ? NONE : [...new Set(hits.map((i) => items[i]!))];
      if (this.#cells.size >= CELLS_MAX) this.#cells.clear();
      this.#cells.set(key, found);
    }
    return found;
  }

  #along(from: Point, to: Point): readonly Version[] {
    const { crossed } = this.#built();
    if (crossed === null) return this.#recent;
    const dx = shorter(to.longitude - from.longitude);
    const box = {
      west: Math.min(from.longitude, from.longitude + dx),
      east: Math.max(from.longitude, from.longitude + dx),
      south: Math.min(from.latitude, to.latitude),
      north: Math.max(from.latitude, to.latitude),
    };
    const hits = pieces(box).flatMap((b) => crossed.tree.search(b.west, b.south, b.east, b.north));
    return [...new Set([...hits.map((i) => crossed.items[i]!), ...this.#recent])];
  }

  #built(): Index {
    if (this.#index !== null) return this.#index;
    const all = [...this.#versions.values()].flat();
    const cells = new Map<number, Version[]>();
    const isLarge = (version: Version): boolean => cellsOf(version) > SMALL_CELLS_MAX;
    for (const version of all) {
      if (isLarge(version)) continue;
      for (const box of pieces(version.shape.box))
        eachCell(box, (row, column) => {
          const cell = cells.get(keyOf(row, column));
          if (cell === undefined) cells.set(keyOf(row, column), [version]);
          else if (cell.at(-1) !== version) cell.push(version);
        });
    }
    this.#recent = [];
    this.#cells.clear();
    const crossed = treeOf(all.filter(({ wants }) => wants.cross));
    return (this.#index = { cells, large: treeOf(all.filter(isLarge)), crossed });
  }
}

const keyOf = (row: number, column: number): number => row * 100_000 + column;

function cellsOf({ shape }: Version): number {
  const { west, south, east, north } = shape.box;
  return ((east - west) / CELL + 2) * ((north - south) / CELL + 2);
}

function eachCell({ west, south, east, north }: Box, visit: (row: number, column: number) => void): void {
  const [first, last] = [Math.floor(west / CELL), Math.floor(east / CELL)];
  for (let row = Math.floor(south / CELL); row <= Math.floor(north / CELL); row++)
    for (let column = first; column <= last; column++) visit(row, column);
}

function treeOf(versions: readonly Version[]): Tree | null {
  const items: Version[] = [];
  const boxes: Box[] = [];
  for (const version of versions)
    for (const box of pieces(version.shape.box)) {
      items.push(version);
      boxes.push(box);
    }
  if (boxes.length === 0) return null;
  const tree = new Flatbush(boxes.length);
  for (const { west, south, east, north } of boxes) tree.add(west, south, east, north);
  tree.finish();
  return { tree, items };
}

function versionOf(geofence: Geofence, shape: Shape): Version {
  const wanted = geofence.events.length === 0 ? ['enter', 'exit'] : geofence.events;
  return {
    id: geofence.id,
    name: geofence.name,
    version: geofence.version,
    shape,
    distanceM: (point) => shape.distanceM(point),
    halfM: shape.halfM,
    marginM: geofence.margin_m ?? MARGIN_M,
    dwellS: geofence.dwell_s,
    speedLimit: geofence.speed_limit,
    wants: {
      enter: wanted.includes('enter'),
      exit: wanted.includes('exit'),
      dwell: wanted.includes('dwell') || (geofence.events.length === 0 && geofence.dwell_s !== null),
      cross: wanted.includes('cross'),
    },
    fromUs: geofence.valid_from,
    toUs: geofence.valid_to ?? Infinity,
    enabled: geofence.enabled,
    groups: geofence.groups,
    idents: geofence.idents,
    tenant: geofence.tenant,
  };
}

/** Of its tenant; and of one of its groups or among its devices, when it names any. */
function isFor(version: Version, owner: FenceOwner): boolean {
  if (version.tenant !== owner.tenant) return false;
  if (version.groups.length === 0 && version.idents.length === 0) return true;
  return (owner.group !== null && version.groups.includes(owner.group)) || version.idents.includes(owner.ident);
}

function isInBox({ west, south, east, north }: Box, { latitude, longitude }: Point): boolean {
  if (latitude < south || latitude > north) return false;
  return (
    (longitude >= west && longitude <= east) ||
    (longitude + 360 >= west && longitude + 360 <= east) ||
    (longitude - 360 >= west && longitude - 360 <= east)
  );
}

/** A box in longitudes from −180 to 180: two when it lies over the antimeridian. */
function pieces(box: Box): Box[] {
  if (box.west < -180)
    return [
      { ...box, west: box.west + 360, east: 180 },
      { ...box, west: -180, east: Math.min(180, box.east) },
    ];
  if (box.east > 180)
    return [
      { ...box, east: 180 },
      { ...box, west: -180, east: box.east - 360 },
    ];
  return [box];
}

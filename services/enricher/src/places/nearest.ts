/** The nearest of many points on the globe: a k-d tree in one buffer, with great-circle distances. */
import KDBush from 'kdbush';
import { around } from 'geokdbush';
import type { Point } from '../fold/distance.js';

export class Nearest<T extends Point> {
  readonly #tree: KDBush | null;

  constructor(private readonly points: readonly T[]) {
    // The tree takes no empty list.
    this.#tree = points.length === 0 ? null : new KDBush(points.length);
    for (const { longitude, latitude } of points) this.#tree?.add(longitude, latitude);
    this.#tree?.finish();
  }

  /** The nearest point within `maxKm`; null: there is none. */
  of({ latitude, longitude }: Point, maxKm: number): T | null {
    const [id] = this.#tree === null ? [] : around(this.#tree, longitude, latitude, 1, maxKm);
    return id === undefined ? null : this.points[id]!;
  }
}

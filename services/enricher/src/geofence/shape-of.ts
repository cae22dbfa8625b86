/** The shape of a geofence record, or what is wrong with it. */
import type { Geofence } from '@fleetwire/schemas';
import type { Point } from '../fold/distance.js';
import { circle, corridor, polygon, type Shape } from './shape.js';

const RADIUS_MAX_M = 5_000_000;
const isPlace = ({ latitude, longitude }: Point): boolean => Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;

export function shapeOf(geofence: Geofence): Shape | { readonly problem: string } {
  switch (geofence.shape) {
    case 'circle': {
      const { center, radius_m: radius } = geofence;
      if (center === null || !isPlace(center)) return { problem: 'center: a circle needs a place on the globe' };
      if (radius === null || !(radius > 0 && radius <= RADIUS_MAX_M))
        return { problem: `radius_m: a circle needs one above 0 and up to ${RADIUS_MAX_M}` };
      return circle(center, radius);
    }
    case 'polygon': {
      if (geofence.rings.length === 0) return { problem: 'rings: a polygon needs at least one' };
      for (const [r, ring] of geofence.rings.entries()) {
        if (ring.length < 3) return { problem: `rings[${r}]: a ring needs at least three vertices` };
        const bad = ring.findIndex((point) => !isPlace(point));
        if (bad >= 0) return { problem: `rings[${r}][${bad}]: is no place on the globe` };
      }
      return polygon(geofence.rings);
    }
    case 'corridor': {
      if (geofence.path.length < 2) return { problem: 'path: a corridor needs at least two points' };
      const bad = geofence.path.findIndex((point) => !isPlace(point));
      if (bad >= 0) return { problem: `path[${bad}]: is no place on the globe` };
      const { width_m: width } = geofence;
      if (width === null || !(width > 0 && width <= RADIUS_MAX_M))
        return { problem: `width_m: a corridor needs one above 0 and up to ${RADIUS_MAX_M}` };
      return corridor(geofence.path, width);
    }
  }
}

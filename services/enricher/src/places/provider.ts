/**
 * Where names of places and positions of network cells come from. A provider is one of these objects; a new one (a geocoder of your own, a
 * licensed cell database) implements the interface and is added to `providers.ts`. Providers are asked beside the stream, never on it.
 */
import type { Place } from '@fleetwire/schemas';
import type { Point } from '../fold/distance.js';

/** What a provider knows of a place; the rest of the record is the consumer's. */
export type PlaceText = Pick<Place, 'label' | 'street' | 'city' | 'region' | 'postcode' | 'country_code' | 'language'>;

export const NO_TEXT: PlaceText = {
  label: null,
  street: null,
  city: null,
  region: null,
  postcode: null,
  country_code: null,
  language: null,
};

export interface PlaceProvider {
  /** Goes into `source` of the record, with the licence where it asks to be named. */
  readonly source: string;
  /** What is at a point; null: nothing is known there. May take its time, up to LOOKUP_MAX_MS; a rejection counts as not known now. */
  find(point: Point): PlaceText | null | Promise<PlaceText | null>;
}

/** A cell of the mobile network, complete. */
export interface NetworkCell {
  readonly mcc: number;
  readonly mnc: number;
  readonly lac: number;
  readonly cellid: number;
}

export interface CellProvider {
  readonly source: string;
  /** Where the cell's antenna covers, roughly; null: it is not known. */
  locate(cell: NetworkCell): Point | null;
}

/** Key of a network cell in `places`. */
export const cellKey = ({ mcc, mnc, lac, cellid }: NetworkCell): string => `cell-${mcc}-${mnc}-${lac}-${cellid}`;

import type { Asset, Place } from '../shared/contract.ts';

const margin_deg = 0.0003; // cabinets of one building are drawn apart, so beyond their places

export type Bounds = Place['bounds'];

/** Where to look for a place: at its cabinets where there is nothing else, at its whole area where trucks drive. */
export function lookingBounds(place: Place, assets: Iterable<Pick<Asset, 'site' | 'kind' | 'lon' | 'lat'>>): Bounds {
  const own = [...assets].filter((asset) => asset.site === place.id);
  if (own.length === 0 || own.some((asset) => asset.kind === 'truck')) return place.bounds;
  const lons = own.map((asset) => asset.lon);
  const lats = own.map((asset) => asset.lat);
  return [Math.min(...lons) - margin_deg, Math.min(...lats) - margin_deg, Math.max(...lons) + margin_deg, Math.max(...lats) + margin_deg];
}

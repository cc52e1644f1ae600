/** From the fleet and the borders to what the map draws. Positions are WGS-84 longitude and latitude in degrees. */
import type { Asset } from '../shared/contract.ts';
import { celsiusText, outside } from '../shared/temperature.ts';
import { opacity, rank } from './marker.ts';
import { spread } from './spread.ts';

export type Position = [lon: number, lat: number];

export interface PointFeature {
  type: 'Feature';
  properties: Record<string, string | number>;
  geometry: { type: 'Point'; coordinates: Position };
}

export interface Points {
  type: 'FeatureCollection';
  features: PointFeature[];
}

export interface Area {
  type: 'Feature';
  properties: Record<string, unknown>;
  geometry: { type: 'Polygon'; coordinates: number[][][] } | { type: 'MultiPolygon'; coordinates: number[][][][] };
}

export interface Areas {
  type: 'FeatureCollection';
  features: Area[];
}

function points(features: PointFeature[]): Points {
  return { type: 'FeatureCollection', features };
}

function point(at: Position, properties: Record<string, string | number>): PointFeature {
  return { type: 'Feature', properties, geometry: { type: 'Point', coordinates: at } };
}

/** The temperatures to read beside a marker: of the zones out of their limits, else of all zones. */
export function temperatures(asset: Asset): string {
  const known = asset.zones.filter((zone) => zone.celsius !== null);
  const bad = known.filter((zone) => outside(zone.celsius, zone));
  return (bad.length > 0 ? bad : known).map((zone) => celsiusText(zone.celsius)).join(' / ');
}

/** The name without its first word where that only repeats the kind, which the marker shows. */
function shortName(asset: Asset): string {
  return asset.name.replace(/^(邻礼柜|大篷车)\s+/, '');
}

/** One point per device, with all that style and clusters need. */
export function assetPoints(assets: Iterable<Asset>, now_ms: number): Points {
  const all = [...assets];
  const apart = spread(all.filter((asset) => asset.kind === 'cabinet'));
  const features = all.map((asset) => {
    const degrees = temperatures(asset);
    return point(apart.get(asset.id) ?? [asset.lon, asset.lat], {
      id: asset.id,
      kind: asset.kind,
      state: asset.state,
      rank: rank[asset.state],
      opacity: opacity(asset.state, asset.heard_ms, now_ms),
      far: asset.state === 'alarm' ? degrees : '',
      degrees,
      near: degrees ? `${shortName(asset)}\n${degrees}` : shortName(asset),
    });
  });
  return points(features);
}

/** Middle of the largest outer ring, weighted by area: inside for the convex cells drawn here. */
export function middle(area: Area): Position {
  const rings = area.geometry.type === 'Polygon' ? [area.geometry.coordinates[0]] : area.geometry.coordinates.map((polygon) => polygon[0]);
  const measured = rings.map((ring) => centroid(ring ?? []));
  return measured.reduce((best, next) => (next.size > best.size ? next : best)).at;
}

function centroid(ring: readonly number[][]): { at: Position; size: number } {
  const [originX, originY] = [ring[0]?.[0] ?? 0, ring[0]?.[1] ?? 0];
  let [twice, x, y] = [0, 0, 0];
  for (let i = 1; i < ring.length; i += 1) {
    const [ax, ay] = [ring[i - 1]![0]! - originX, ring[i - 1]![1]! - originY];
    const [bx, by] = [ring[i]![0]! - originX, ring[i]![1]! - originY];
    const cross = ax * by - bx * ay;
    twice += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  const at: Position = twice === 0 ? [originX, originY] : [originX + x / (3 * twice), originY + y / (3 * twice)];
  return { at, size: Math.abs(twice) };
}

/** One name per area, at its middle. */
export function areaNames(areas: Areas): Points {
  return points(areas.features.map((area) => point(middle(area), { name: String(area.properties['name'] ?? '') })));
}

/** One name per town, in the middle of its villages; towns of two counties may share a name. */
export function townNames(villages: Areas): Points {
  const towns = new Map<string, Position[]>();
  for (const village of villages.features) {
    const key = `${village.properties['county']}/${village.properties['town']}`;
    towns.set(key, [...(towns.get(key) ?? []), middle(village)]);
  }
  return points([...towns].map(([key, at]) => point(mean(at), { name: key.slice(key.indexOf('/') + 1) })));
}

function mean(at: readonly Position[]): Position {
  const [x, y] = at.reduce<Position>(([sx, sy], [lon, lat]) => [sx + lon, sy + lat], [0, 0]);
  return [x / at.length, y / at.length];
}

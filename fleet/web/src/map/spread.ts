/** Cabinets of one building stand closer than their markers are wide: they are drawn apart, on a small grid. */
import type { Position } from './features.ts';

export interface Standing {
  id: string;
  lon: number;
  lat: number;
}

const near_m = 20;
const spacing_m = 26;
const latDegree_m = 111_132;

function lonDegree_m(lat: number): number {
  return 111_320 * Math.cos((lat * Math.PI) / 180);
}

function distance_m(a: Standing, b: Standing): number {
  return Math.hypot((a.lon - b.lon) * lonDegree_m(a.lat), (a.lat - b.lat) * latDegree_m);
}

/** Groups whose members are each within 20 m of another member. */
export function neighbours(all: readonly Standing[]): Standing[][] {
  const groups: Standing[][] = [];
  for (const one of all) {
    const touching = groups.filter((group) => group.some((other) => distance_m(one, other) <= near_m));
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push([...touching.flat(), one]);
  }
  return groups;
}

/** Where to draw each: alone at its place; in a group on a grid of 26 m around the middle, north to south, west to east. */
export function spread(all: readonly Standing[]): Map<string, Position> {
  const drawn = new Map<string, Position>();
  for (const group of neighbours(all)) for (const [id, at] of onGrid(group)) drawn.set(id, at);
  return drawn;
}

function onGrid(group: readonly Standing[]): [string, Position][] {
  const columns = Math.ceil(Math.sqrt(group.length));
  const rows = Math.ceil(group.length / columns);
  const lon = group.reduce((sum, one) => sum + one.lon, 0) / group.length;
  const lat = group.reduce((sum, one) => sum + one.lat, 0) / group.length;
  const ordered = [...group].sort((a, b) => b.lat - a.lat || a.lon - b.lon || a.id.localeCompare(b.id));
  const [east, north] = [spacing_m / lonDegree_m(lat), spacing_m / latDegree_m];
  return ordered.map((one, i) => {
    const column = (i % columns) - (columns - 1) / 2;
    const row = Math.floor(i / columns) - (rows - 1) / 2;
    return [one.id, [lon + column * east, lat - row * north]];
  });
}

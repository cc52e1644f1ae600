/** The fleet as last told, what is selected, and where the map should look. */
import { computed, signal } from '@preact/signals';
import { tell } from '../ops/clock.ts';
import { get } from '../shared/api.ts';
import type { Asset, MapAnswer, Place } from '../shared/contract.ts';
import { asProblem, type Problem } from '../shared/problem.ts';

/** Where to look; `turn` makes asking for the same place twice a new wish. */
export type View = { turn: number } & ({ kind: 'place'; place: Place } | { kind: 'asset'; id: string });

export const assets = signal<ReadonlyMap<string, Asset>>(new Map());
export const places = signal<readonly Place[]>([]);
export const placeId = signal<string | null>(null);
export const selected = signal<readonly string[]>([]);
export const view = signal<View | null>(null);
export const mapProblem = signal<Problem | null>(null);
/** Number of devices in alarm by site. */
export const alarmsBySite = computed(() => {
  const found = new Map<string, number>();
  for (const { state, site } of assets.value.values()) if (state === 'alarm') found.set(site, (found.get(site) ?? 0) + 1);
  return found;
});
export const fleetSize = computed(() => assets.value.size);

export function mergeAssets(changed: readonly Asset[]): void {
  const next = new Map(assets.value);
  for (const asset of changed) next.set(asset.id, asset);
  assets.value = next;
}

export async function loadMap(): Promise<void> {
  try {
    const told = await get<MapAnswer>('/api/map');
    tell(told);
    mergeAssets(told.assets);
    places.value = told.places;
    mapProblem.value = null;
    const [first] = told.places;
    if (placeId.value === null && first) lookAt(first);
  } catch (fault) {
    mapProblem.value = asProblem(fault);
  }
}

function turn(): number {
  return (view.peek()?.turn ?? 0) + 1;
}

export function lookAt(place: Place): void {
  placeId.value = place.id;
  selected.value = [];
  view.value = { turn: turn(), kind: 'place', place };
}

/** Select one asset and bring it into view. */
export function show(id: string): void {
  const asset = assets.peek().get(id);
  if (!asset) return;
  placeId.value = asset.site;
  selected.value = [id];
  view.value = { turn: turn(), kind: 'asset', id };
}

/** How a device looks on the map. Colour is never alone: kind is the outline, state is also a badge. */
import type { AssetState } from '../shared/contract.ts';

/** What a cluster shows is the highest of its members: it looks offline only when all of them are. */
export const rank: Readonly<Record<AssetState, number>> = { offline: 0, ok: 1, unknown: 2, alarm: 3 };

export const statesByRank: readonly AssetState[] = ['offline', 'ok', 'unknown', 'alarm'];

const ageing_ms = 10 * 60_000;
const old_ms = 40 * 60_000;

/** Opacity of a marker by the time since the device was heard; alarms and unknowns never fade. */
export function opacity(state: AssetState, heard_ms: number | null, now_ms: number): number {
  if (state === 'alarm' || state === 'unknown') return 1;
  if (heard_ms === null) return 0.5;
  const age_ms = now_ms - heard_ms;
  if (age_ms > old_ms) return 0.5;
  return age_ms > ageing_ms ? 0.72 : 1;
}

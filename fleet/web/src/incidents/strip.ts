/** What the temperature strip shows of an incident: the span of time, the windows, the columns for the chart. */
import type { Incident, ReadingWindow } from '../shared/contract.ts';

const before_ms = 7_200_000;
const after_ms = 3_600_000;
const windowsWanted = 180;
const shortest_ms = 10_000;

export interface StripSpan {
  start_ms: number;
  end_ms: number;
  every_ms: number;
}

/** From two hours before the begin to one hour after the end (or to now), cut into about 180 windows. */
export function stripSpan(incident: Pick<Incident, 'begin_ms' | 'end_ms'>, now_ms: number): StripSpan {
  const start_ms = incident.begin_ms - before_ms;
  const latest_ms = Math.max(now_ms, incident.begin_ms);
  const end_ms = incident.end_ms === null ? latest_ms : Math.min(latest_ms, incident.end_ms + after_ms);
  const every_ms = Math.max(shortest_ms, Math.ceil((end_ms - start_ms) / windowsWanted / shortest_ms) * shortest_ms);
  return { start_ms, end_ms, every_ms };
}

export interface StripColumns {
  at_s: number[];
  min: (number | null)[];
  max: (number | null)[];
  mean: (number | null)[];
}

/** Columns of the chart; a gap of more than three windows becomes an empty row, so that silence is no line. */
export function stripColumns(windows: readonly ReadingWindow[], every_ms: number): StripColumns {
  const columns: StripColumns = { at_s: [], min: [], max: [], mean: [] };
  let last_ms: number | null = null;
  for (const [t0_ms, , min, max, mean] of windows) {
    if (last_ms !== null && t0_ms - last_ms > 3 * every_ms) push(columns, last_ms + every_ms, [null, null, null]);
    push(columns, t0_ms, [min, max, mean]);
    last_ms = t0_ms;
  }
  return columns;
}

function push(columns: StripColumns, at_ms: number, [min, max, mean]: [number | null, number | null, number | null]): void {
  columns.at_s.push(at_ms / 1_000);
  columns.min.push(min);
  columns.max.push(max);
  columns.mean.push(mean);
}

/** The range of the value axis: readings, limit, and some air around both. */
export function stripRange(columns: StripColumns, limit_celsius: number | null): [number, number] {
  const values = [...columns.min, ...columns.max, limit_celsius].filter((value) => value !== null);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const air = Math.max(1, (high - low) * 0.1);
  return [low - air, high + air];
}

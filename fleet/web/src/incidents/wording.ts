/** Incidents in words. A code this page does not know is shown as it came. */
import type { Condition, Incident, Workflow } from '../shared/contract.ts';
import type { Messages } from '../shared/messages/zh.ts';
import { duration } from '../shared/time.ts';

export type Tone = 'alarm' | 'unknown' | 'ok' | 'none' | 'outline';

export const conditionTone: Readonly<Record<Condition, Tone>> = { active: 'alarm', clearing: 'none', normal: 'ok', unknown: 'unknown' };
export const workflowTone: Readonly<Record<Workflow, Tone>> = { unack: 'outline', acked: 'none', closed: 'none' };

function worded(words: Readonly<Record<string, string>>, code: string): string {
  return words[code] ?? code;
}

export function hazardName(code: string, t: Messages): string {
  return worded(t.hazard, code);
}

export function eventName(code: string, t: Messages): string {
  return worded(t.events.kinds, code);
}

/** In how long the goods pass their limit: the middle, and the band around it where it is known. */
export function breachWords(breach_min: readonly (number | null)[], t: Messages): string {
  const [early, middle, late] = breach_min.map((minutes) => minutes === null ? null : duration(minutes * 60_000, t.time));
  if (!middle) return early ? t.incidents.breachRange(early, t.incidents.breachFar) : t.incidents.breachFar;
  return t.incidents.breachIn(middle) + t.incidents.breachRange(early ?? middle, late ?? t.incidents.breachFar);
}

/** How long the hazard has lasted, in milliseconds: to its end, or to now. */
export function lasted_ms(incident: Incident, now_ms: number): number {
  return (incident.end_ms ?? Math.max(now_ms, incident.begin_ms)) - incident.begin_ms;
}

/** The worst value known: the ledger learns of a new peak with its next event, the live reading shows it before. */
export function worst(incident: Pick<Incident, 'hazard' | 'peak_celsius'>, now_celsius: number | null): number | null {
  const known = [incident.peak_celsius, now_celsius].filter((celsius) => celsius !== null);
  if (known.length === 0) return null;
  return incident.hazard === 'temperature_low' ? Math.min(...known) : Math.max(...known);
}

/** A merged incident is looked after in the elder one. */
export function mayBeAcknowledged(incident: Incident): boolean {
  return incident.workflow === 'unack' && incident.merged_into === null;
}

/** What a high incident calls its peak is the lowest value of a low one. */
export function peakName(hazard: string, t: Messages): string {
  return hazard === 'temperature_low' ? t.incidents.lowest : t.incidents.peak;
}

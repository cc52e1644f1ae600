import type { Incident } from '../shared/contract.ts';

/** What waits for a person first, then the youngest first; equal ones keep a fixed order by id. */
export function inOrder(incidents: readonly Incident[]): Incident[] {
  const waits = (incident: Incident): number => (incident.workflow === 'unack' ? 0 : 1);
  return [...incidents].sort((a, b) => waits(a) - waits(b) || b.begin_ms - a.begin_ms || a.id.localeCompare(b.id));
}

/** The listed incidents, and those acknowledged on this page that meanwhile left the list; the listed ones win. */
export function withKept(listed: readonly Incident[], kept: readonly Incident[]): Incident[] {
  const known = new Set(listed.map((incident) => incident.id));
  return [...listed, ...kept.filter((incident) => !known.has(incident.id))];
}

/** The list with one incident in a newer version. */
export function replaced(incidents: readonly Incident[], fresh: Incident): Incident[] {
  return incidents.map((incident) => (incident.id === fresh.id ? fresh : incident));
}

/** The list of incidents as the server last told it, and the one thing a person does here: acknowledge. */
import { computed, signal } from '@preact/signals';
import { call, get } from '../shared/api.ts';
import type { Incident, IncidentDetail, IncidentPage } from '../shared/contract.ts';
import { asProblem, type Problem } from '../shared/problem.ts';
import { acknowledgement, stepRequest, type Fields, type StepKind } from './steps.ts';
import { inOrder, replaced, withKept } from './order.ts';

export type Scope = 'open' | 'all';

const pageSize = 200;
const keptAtMost = 3;

export const scope = signal<Scope>('open');
export const version = signal(0); // grows whenever something about any incident may have changed
export const listProblem = signal<Problem | null>(null);
export const nextPage = signal<string | null>(null);
export const announced = signal<Incident | null>(null);
const listed = signal<readonly Incident[] | null>(null);
const kept = signal<readonly Incident[]>([]);

/** What the rail shows; null until the first answer. */
export const shown = computed(() => (listed.value ? inOrder(withKept(listed.value, kept.value)) : null));
export const unacked = computed(() => (listed.value ?? []).filter((incident) => incident.workflow === 'unack').length);

let running: Promise<void> | null = null;
let again = false;

/** Ask for the list anew; calls during a running request join into one more request after it. */
export function refreshIncidents(): Promise<void> {
  if (running) {
    again = true;
    return running;
  }
  running = fetchList().finally(() => {
    running = null;
    if (!again) return;
    again = false;
    void refreshIncidents();
  });
  return running;
}

async function fetchList(): Promise<void> {
  const asked = scope.value;
  try {
    const page = await get<IncidentPage>('/api/incidents', { state: asked, limit: pageSize });
    if (asked !== scope.value) return;
    listed.value = page.items;
    nextPage.value = page.next;
    listProblem.value = null;
    version.value += 1;
    await renewKept(page.items);
  } catch (fault) {
    listProblem.value = asProblem(fault);
  }
}

async function renewKept(items: readonly Incident[]): Promise<void> {
  const known = new Set(items.map((incident) => incident.id));
  for (const old of kept.value.filter((incident) => !known.has(incident.id))) {
    const fresh = await fetchIncident(old.id).catch(() => old);
    kept.value = replaced(kept.value, fresh);
  }
}

export async function loadEarlier(): Promise<void> {
  try {
    const page = await get<IncidentPage>('/api/incidents', { state: scope.value, limit: pageSize, before: nextPage.value });
    listed.value = withKept(listed.value ?? [], page.items);
    nextPage.value = page.next;
  } catch (fault) {
    listProblem.value = asProblem(fault);
  }
}

export function choose(next: Scope): void {
  scope.value = next;
  listed.value = null;
  void refreshIncidents();
}

export function fetchIncident(id: string): Promise<IncidentDetail> {
  return get<IncidentDetail>(`/api/incidents/${encodeURIComponent(id)}`);
}

/** Tell the server that a person has seen it; the answer stands in the list at once. Raises Problem. */
export async function acknowledge(id: string, fields: Fields): Promise<void> {
  keep(await call<Incident>('POST', `/api/incidents/${encodeURIComponent(id)}/acknowledge`, acknowledgement(fields)));
}

/** One step of a person; the answer stands in the list at once. Raises Problem. */
export async function takeStep(id: string, kind: StepKind, said: { fields: Fields; key: string }): Promise<void> {
  const { path, body } = stepRequest(id, kind, said);
  keep(await call<Incident>('POST', path, body));
}

function keep(fresh: Incident): void {
  const { id } = fresh;
  listed.value = replaced(listed.value ?? [], fresh);
  kept.value = [fresh, ...kept.value.filter((incident) => incident.id !== id)].slice(0, keptAtMost);
  announced.value = fresh;
  version.value += 1;
}

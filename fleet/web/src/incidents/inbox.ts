/** The inbox as the server last told it: one queue of one site, what is selected, and what became of a bulk step. */
import { computed, signal } from '@preact/signals';
import { tell } from '../ops/clock.ts';
import { call, get } from '../shared/api.ts';
import type { Inbox, Incident, Outcomes, Queue } from '../shared/contract.ts';
import { asProblem, type Problem } from '../shared/problem.ts';
import { bulkRequest, type BulkKind, type Fields } from './steps.ts';

const pageSize = 100;

export const queue = signal<Queue>('waiting');
export const site = signal<string | null>(null);
export const inbox = signal<Inbox | null>(null);
export const inboxProblem = signal<Problem | null>(null);
export const chosen = signal<ReadonlySet<string>>(new Set());
export const refused = signal<readonly { name: string; detail: string }[]>([]);

const earlier = signal<readonly Incident[]>([]);
export const rows = computed(() => {
  const first = inbox.value?.items ?? [];
  const known = new Set(first.map((incident) => incident.id));
  return [...first, ...earlier.value.filter((incident) => !known.has(incident.id))];
});
export const nextPage = signal<string | null>(null);

/** Ask anew. What is no longer listed is no longer selected. */
export async function refreshInbox(): Promise<void> {
  const asked = { queue: queue.value, site: site.value };
  try {
    const told = await get<Inbox>('/api/inbox', { ...asked, limit: pageSize });
    if (asked.queue !== queue.value || asked.site !== site.value) return;
    tell(told);
    inbox.value = told;
    if (earlier.value.length === 0) nextPage.value = told.next;
    const listed = new Set(rows.value.map((incident) => incident.id));
    chosen.value = new Set([...chosen.value].filter((id) => listed.has(id)));
    inboxProblem.value = null;
  } catch (fault) {
    inboxProblem.value = asProblem(fault);
  }
}

export async function loadMore(): Promise<void> {
  try {
    const told = await get<Inbox>('/api/inbox', { queue: queue.value, site: site.value, limit: pageSize, before: nextPage.value });
    earlier.value = [...earlier.value, ...told.items];
    nextPage.value = told.next;
  } catch (fault) {
    inboxProblem.value = asProblem(fault);
  }
}

export function look(at: { queue?: Queue; site?: string | null }): void {
  queue.value = at.queue ?? queue.value;
  if (at.site !== undefined) site.value = at.site;
  earlier.value = [];
  nextPage.value = null;
  chosen.value = new Set();
  refused.value = [];
  inbox.value = inbox.value && { ...inbox.value, items: [] };
  void refreshInbox();
}

export function toggle(id: string): void {
  const next = new Set(chosen.value);
  if (!next.delete(id)) next.add(id);
  chosen.value = next;
}

export function toggleAll(): void {
  const all = rows.value.map((incident) => incident.id);
  chosen.value = chosen.value.size === all.length ? new Set() : new Set(all);
}

/** One request for all that are selected; those that were refused stay selected and say why. Raises Problem. */
export async function takeAll(kind: BulkKind, fields: Fields, key: string): Promise<void> {
  const { path, body } = bulkRequest([...chosen.value], kind, { fields, key });
  const { items } = await call<Outcomes>('POST', path, body);
  const names = new Map(rows.value.map((incident) => [incident.id, incident.asset_name]));
  const faults = items.flatMap(({ id, fault }) => (fault ? [{ id, name: names.get(id) ?? id, detail: fault.detail }] : []));
  refused.value = faults;
  chosen.value = new Set(faults.map(({ id }) => id));
  await refreshInbox();
}

/** What a person may do to an incident, and the request for it. The platform checks everything again. */
import type { Incident } from '../shared/contract.ts';

export const stepKinds = ['assign', 'comment', 'shelve', 'unshelve', 'outOfService', 'return', 'dispose', 'saleUnlock', 'close'] as const;
export type StepKind = (typeof stepKinds)[number];
export type BulkKind = 'acknowledge' | 'shelve';
export type Fields = Readonly<Record<string, string>>;

export const shelfHours = [0.5, 1, 2, 4, 8, 24] as const;
export const decisions = ['release', 'inspect', 'withdraw'] as const;
export type Decision = (typeof decisions)[number];
export const allLots = '*';

const paths: Readonly<Record<StepKind, string>> = {
  assign: 'assign', comment: 'comment', shelve: 'shelve', unshelve: 'unshelve', outOfService: 'out-of-service', return: 'return',
  dispose: 'disposition', saleUnlock: 'sale-unlock', close: 'close',
};
const permissions: Readonly<Record<StepKind, string>> = {
  assign: 'assign', comment: 'acknowledge', shelve: 'shelve', unshelve: 'shelve', outOfService: 'shelve', return: 'shelve',
  dispose: 'dispose', saleUnlock: 'dispose', close: 'acknowledge',
};

export function isShelved(incident: Incident, now_ms: number): boolean {
  return incident.shelved_until_ms !== null && incident.shelved_until_ms > now_ms && incident.end_ms === null;
}

/** Whether goods were exposed and nobody has closed the case yet. */
export function awaitsDisposition(incident: Incident): boolean {
  return incident.consequence === 'product' && incident.end_ms !== null && incident.workflow !== 'closed' && incident.merged_into === null;
}

/** The steps that make sense now, in the order of the buttons. */
export function possibleSteps(incident: Incident, may: (permission: string) => boolean, now_ms: number): StepKind[] {
  const open = incident.workflow !== 'closed' && incident.merged_into === null;
  const shelved = isShelved(incident, now_ms);
  const sensible: Readonly<Record<StepKind, boolean>> = {
    assign: open,
    comment: incident.merged_into === null,
    shelve: open && incident.end_ms === null && !shelved,
    unshelve: open && shelved,
    outOfService: open && incident.work_order === null,
    return: open && incident.work_order !== null,
    dispose: open && incident.consequence === 'product',
    saleUnlock: incident.sale_locked_ms !== null && incident.merged_into === null && incident.dispositions.length > 0,
    close: open && incident.end_ms !== null && incident.workflow === 'acked',
  };
  return stepKinds.filter((kind) => sensible[kind] && may(permissions[kind]));
}

function said(fields: Fields, name: string): string {
  return (fields[name] ?? '').trim();
}

function disposition(fields: Fields): object {
  const item = { lot: said(fields, 'lot') || allLots, decision: said(fields, 'decision') };
  return { items: [item], note: said(fields, 'note'), close: fields['close'] === 'on' };
}

const bodies: Readonly<Record<StepKind, (fields: Fields) => object>> = {
  assign: (fields) => ({ to: said(fields, 'to') || null }),
  comment: (fields) => ({ text: said(fields, 'text') }),
  shelve: (fields) => ({ for_s: Number(said(fields, 'hours')) * 3_600, reason: said(fields, 'reason') }),
  unshelve: () => ({}),
  outOfService: (fields) => ({ work_order: said(fields, 'work_order'), note: said(fields, 'note') }),
  return: (fields) => ({ note: said(fields, 'note') }),
  dispose: disposition,
  saleUnlock: (fields) => ({ note: said(fields, 'note') }),
  close: (fields) => ({ note: said(fields, 'note') }),
};

export interface StepRequest {
  path: string;
  body: object;
}

/** The request for one incident; `key` makes that sending it twice does it once. */
export function stepRequest(id: string, kind: StepKind, { fields, key }: { fields: Fields; key: string }): StepRequest {
  return { path: `/api/incidents/${encodeURIComponent(id)}/${paths[kind]}`, body: { ...bodies[kind](fields), key } };
}

/** The request for many incidents at once. */
export function bulkRequest(ids: readonly string[], kind: BulkKind, { fields, key }: { fields: Fields; key: string }): StepRequest {
  if (kind === 'shelve') return { path: '/api/incidents/shelve', body: { ids, ...bodies.shelve(fields), key } };
  return { path: '/api/incidents/acknowledge', body: { ids, ...acknowledgement(fields) } };
}

/** Note and, where a number of minutes was given, when help will be there. */
export function acknowledgement(fields: Fields): object {
  const minutes = said(fields, 'eta_minutes');
  return { note: said(fields, 'note'), eta_in_s: minutes === '' ? null : Math.round(Number(minutes) * 60) };
}

/** A key nobody else has; works on plain http, where `randomUUID` is missing. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

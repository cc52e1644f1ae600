/** What an auditor asks for, and how an entry is told. */
import type { AuditEntry } from '../shared/contract.ts';

export const nouns = ['session', 'password', 'user', 'token', 'incident', 'command', 'device', 'registry', 'duty', 'policy'] as const;
export type Noun = (typeof nouns)[number];

const day_ms = 86_400_000;
const shanghai_ms = 8 * 3_600_000;

/** The query of a filled form; days are Shanghai's, the last one is whole. */
export function queryOf(said: Readonly<Record<string, string>>): Record<string, string | number | null> {
  const until = dayBegin(said['until']);
  return {
    actor: said['actor']?.trim() || null,
    action: said['action'] || null,
    outcome: said['outcome'] || null,
    from_ms: dayBegin(said['from']),
    until_ms: until === null ? null : until + day_ms,
  };
}

/** Midnight in Shanghai at the begin of `2026-09-22`; null when no day is said. */
function dayBegin(day: string | undefined): number | null {
  const utc = Date.parse(`${day ?? ''}T00:00:00Z`);
  return Number.isNaN(utc) ? null : utc - shanghai_ms;
}

/** The fields of an entry in a line: `role: viewer → manager`. */
export function detailsOf(entry: AuditEntry): string {
  return Object.entries(entry.data).map(([key, value]) => `${key}: ${wording(value)}`).join(' · ');
}

function wording(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What the platform says about itself. A degraded platform may answer with an error status and still tell why. */
import { signal } from '@preact/signals';
import type { Health } from '../shared/contract.ts';

export type HealthState = { kind: 'asking' } | { kind: 'told'; health: Health } | { kind: 'silent' };
export const health = signal<HealthState>({ kind: 'asking' });
/** Dead letters when the page was opened: only new ones are worth a sentence. */
export const deadBefore = signal(0);

export async function askHealth(): Promise<void> {
  const reply = await fetch('/health').catch(() => null);
  const told = (await reply?.json().catch(() => null)) as Health | null;
  if (health.value.kind === 'asking') deadBefore.value = told?.ingest?.['dead_letters'] ?? 0;
  health.value = told?.devices ? { kind: 'told', health: told } : { kind: 'silent' };
}

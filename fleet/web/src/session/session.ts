/** Who is signed in: undefined while asking, null when nobody is. */
import { computed, signal } from '@preact/signals';
import { call, onSignedOut, rememberCsrf } from '../shared/api.ts';
import type { SessionInfo } from '../shared/contract.ts';
import { Problem } from '../shared/problem.ts';

export const session = signal<SessionInfo | null | undefined>(undefined);
export const expired = signal(false);
export const startProblem = signal<Problem | null>(null);
/** The log tells of everybody, so a part of the fleet is not enough. */
export const mayAudit = computed(() => may('audit') && session.value?.scope === null);
export const mayAcknowledge = computed(() => may('acknowledge'));

/** Whether the platform lets the person do this; it checks again itself. */
export function may(permission: string): boolean {
  return session.value?.permissions.includes(permission) ?? false;
}

function enter(info: SessionInfo): void {
  rememberCsrf(info.csrf);
  expired.value = false;
  session.value = info;
}

export function leave(reason: 'expired' | 'asked'): void {
  rememberCsrf('');
  expired.value = reason === 'expired' && Boolean(session.value);
  session.value = null;
}

/** Ask the server whether the cookie still stands for somebody. */
export async function resume(): Promise<void> {
  onSignedOut(() => leave('expired'));
  startProblem.value = null;
  try {
    enter(await call<SessionInfo>('GET', '/api/session'));
  } catch (fault) {
    if (!(fault instanceof Problem)) throw fault;
    if (fault.status === 401) leave('expired');
    else startProblem.value = fault;
  }
}

export async function signIn(user: string, password: string): Promise<void> {
  enter(await call<SessionInfo>('POST', '/api/session', { user, password }));
}

/** The page forgets the session even when the server cannot be told. */
export async function signOut(): Promise<void> {
  await call<void>('DELETE', '/api/session').catch(() => undefined);
  leave('asked');
}

export async function changePassword(old: string, fresh: string): Promise<void> {
  await call<void>('POST', '/api/session/password', { old, new: fresh });
}

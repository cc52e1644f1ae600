/** Which page and which incident is open, kept in the address so that the back button and links work. */
import { signal } from '@preact/signals';

const prefix = '#/incidents/';

export function incidentOf(hash: string): string | null {
  return hash.startsWith(prefix) && hash.length > prefix.length ? decodeURIComponent(hash.slice(prefix.length)) : null;
}

export function incidentHref(id: string): string {
  return prefix + encodeURIComponent(id);
}

export const pages = { account: '#/account', people: '#/people', audit: '#/audit', inbox: '#/inbox', quality: '#/quality', policies: '#/policies', operations: '#/' } as const;
export type Page = keyof typeof pages;

const policyPrefix = `${pages.policies}/`;

/** Which policy is open: `zone:cab-0001:1`; null for the list of them. */
export function policyOf(hash: string): string | null {
  return hash.startsWith(policyPrefix) && hash.length > policyPrefix.length ? decodeURIComponent(hash.slice(policyPrefix.length)) : null;
}

export function policyHref(target: string): string {
  return policyPrefix + encodeURIComponent(target);
}

export function pageOf(hash: string): Page {
  if (policyOf(hash)) return 'policies';
  const named = (Object.keys(pages) as Page[]).find((page) => pages[page] === hash);
  return named ?? 'operations';
}

export const openPage = signal<Page>('operations');
export const openIncident = signal<string | null>(null);
export const openPolicy = signal<string | null>(null);

/** Follow the address; gives the function that stops. */
export function followAddress(): () => void {
  const read = (): void => {
    openIncident.value = incidentOf(location.hash);
    openPolicy.value = policyOf(location.hash);
    openPage.value = pageOf(location.hash);
  };
  read();
  addEventListener('hashchange', read);
  return () => removeEventListener('hashchange', read);
}

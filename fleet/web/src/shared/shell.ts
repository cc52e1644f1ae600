/** The service worker of the page: a new version waits until the person agrees to it. */
import { signal } from '@preact/signals';

export const waiting = signal<ServiceWorker | null>(null);

/** Register the worker; without one (plain http on a LAN) the page works all the same. */
export async function keepShell(): Promise<void> {
  const registration = await navigator.serviceWorker?.register('/sw.js').catch(() => null);
  if (!registration) return;
  const look = (): void => {
    waiting.value = navigator.serviceWorker.controller ? registration.waiting : null;
  };
  look();
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look));
}

export function takeNewVersion(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.value?.postMessage('activate');
}

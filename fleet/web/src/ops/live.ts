/** The live feed: reconnects by itself with growing pauses, and says what it knows about its own link. */
import { signal } from '@preact/signals';
import { commandsChanged } from '../commands/commands.ts';
import { refreshIncidents } from '../incidents/incidents.ts';
import { mergeAssets } from '../map/assets.ts';
import { resume, session } from '../session/session.ts';
import type { Asset } from '../shared/contract.ts';
import { pauseBefore } from './backoff.ts';
import { tell } from './clock.ts';

export type Link = 'connecting' | 'live' | 'lost';
export const link = signal<Link>('connecting');

function subscribe(source: EventSource): void {
  source.addEventListener('fleet', (event: MessageEvent<string>) => {
    const told = JSON.parse(event.data) as { now_ms: number; assets: Asset[] };
    link.value = 'live';
    tell(told);
    mergeAssets(told.assets);
  });
  source.addEventListener('incidents', () => void refreshIncidents());
  source.addEventListener('commands', commandsChanged);
}

/** Keep the feed open until the returned function is called. */
export function follow(): () => void {
  let source: EventSource | null = null;
  let attempt = 0;
  let timer = 0;
  let stopped = false;
  const open = (): void => {
    source = new EventSource('/api/live');
    subscribe(source);
    source.onopen = () => {
      attempt = 0;
      link.value = 'live';
      void refreshIncidents();
      commandsChanged();
    };
    source.onerror = () => {
      source?.close();
      link.value = 'lost';
      attempt += 1;
      timer = window.setTimeout(() => void again(), pauseBefore(attempt));
    };
  };
  // An event source hides why it was refused, so the session is asked for first.
  const again = async (): Promise<void> => {
    await resume();
    if (!stopped && session.value) open();
  };
  open();
  return () => {
    stopped = true;
    source?.close();
    clearTimeout(timer);
  };
}

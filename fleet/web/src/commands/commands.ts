/** What an asset was told lately, and telling it more. */
import { signal } from '@preact/signals';
import { call, get } from '../shared/api.ts';
import type { Command, CommandPage } from '../shared/contract.ts';

const shownAtMost = 4;

/** Grows whenever something about any command may have changed. */
export const version = signal(0);

export function commandsChanged(): void {
  version.value += 1;
}

export async function fetchCommands(asset: string): Promise<readonly Command[]> {
  const page = await get<CommandPage>(`/api/assets/${encodeURIComponent(asset)}/commands`, { limit: shownAtMost });
  return page.items;
}

/** Raises Problem. */
export async function request(asset: string, wish: Record<string, unknown>): Promise<void> {
  await call<Command>('POST', `/api/assets/${encodeURIComponent(asset)}/commands`, wish);
  commandsChanged();
}

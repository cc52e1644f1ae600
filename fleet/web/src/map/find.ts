import type { Asset } from '../shared/contract.ts';

/** What a person may type for a device: its name and id together, as the list offers them. */
export function findText(asset: Pick<Asset, 'id' | 'name'>): string {
  return `${asset.name} ${asset.id}`;
}

/** The device meant by a typed text: an exact id, name or offer first, then the first that contains it. */
export function findAsset<T extends Pick<Asset, 'id' | 'name'>>(assets: Iterable<T>, typed: string): T | null {
  const text = typed.trim().toLowerCase();
  if (text === '') return null;
  const all = [...assets];
  const exact = all.find((asset) => [asset.id, asset.name, findText(asset)].some((known) => known.toLowerCase() === text));
  return exact ?? all.find((asset) => findText(asset).toLowerCase().includes(text)) ?? null;
}

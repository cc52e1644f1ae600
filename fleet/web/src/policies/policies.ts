/** What a form of a policy says, and how values are told. A field this page does not know is shown by its name. */
import type { IncidentDetail, PolicyField, PolicyLayer, PolicyValue } from '../shared/contract.ts';
import type { Messages } from '../shared/messages/zh.ts';

export type Group = keyof Messages['policies']['groups'];
export type Values = Readonly<Record<string, PolicyValue>>;

const groupOf: Readonly<Record<string, Group>> = {
  air_high_celsius: 'limits', air_delay_min: 'limits', product_high_celsius: 'limits', product_critical_celsius: 'limits',
  low_celsius: 'limits', low_delay_min: 'limits', deadband_celsius: 'limits', off_delay_min: 'limits',
  tau_min: 'exposure', exposure_celsius: 'exposure', exposure_min: 'exposure', exposure_forgotten_h: 'exposure',
  door_open_min: 'door', door_restock_min: 'door', door_grace_min: 'door',
  unexplained_min: 'unit', defrost_shortest_min: 'unit', defrost_longest_min: 'unit', defrost_gap_h: 'unit', defrost_after_min: 'unit',
  drift_celsius: 'unit', cooling_factor: 'unit', learn_h: 'unit',
};

/** The fields by group, in the platform's order; what is in no group is the last one's. */
export function grouped(fields: readonly PolicyField[]): [Group, PolicyField[]][] {
  const order: Group[] = ['limits', 'exposure', 'door', 'unit', 'sensor'];
  return order.map((group) => [group, fields.filter((field) => (groupOf[field.name] ?? 'sensor') === group)]);
}

export const noneKey = (name: string): string => `none:${name}`;

/** What a filled form lays over the rest: an empty field says nothing, a ticked box says no limit. */
export function fieldsSaid(said: Readonly<Record<string, string>>, fields: readonly PolicyField[]): Record<string, PolicyValue> {
  const found: Record<string, PolicyValue> = {};
  for (const { name } of fields) {
    const text = said[name]?.trim() ?? '';
    if (said[noneKey(name)]) found[name] = null;
    else if (text !== '') found[name] = Number(text);
  }
  return found;
}

/** `-18 °C`; no limit, and what is not set, in words. */
export function valueWords(value: PolicyValue | '' | undefined, unit: string, t: Messages): string {
  if (value === null) return t.policies.none;
  if (value === '' || value === undefined) return t.policies.unset;
  return unit ? `${value} ${unit}` : String(value);
}

export function fieldName(name: string, t: Messages): string {
  const words: Readonly<Record<string, string>> = t.policies.fields;
  return words[name] ?? name;
}

export function className(code: string, t: Messages): string {
  const words: Readonly<Record<string, string>> = t.policies.classNames;
  return words[code] ?? code;
}

/** `温区 cab-0001:1`, `类别 冷冻`. */
export function targetName(target: string, t: Messages): string {
  const [layer = '', ...rest] = target.split(':');
  const words: Readonly<Record<string, string>> = t.policies.targets;
  const ref = rest.join(':');
  return `${words[layer] ?? layer} ${layer === 'class' ? className(ref, t) : ref}`;
}

/** The target of an asset, or of one of its zones where a zone is said; null for nothing sensible. */
export function targetOf(asset: string, zone: string): string | null {
  const named = asset.trim();
  if (!named || named.includes(':')) return null;
  if (!zone.trim()) return `asset:${named}`;
  return /^[1-9]\d?$/.test(zone.trim()) ? `zone:${named}:${zone.trim()}` : null;
}

/** A zone as an option of a list. */
export const placeKey = (place: { asset: string; zone: number }): string => `${place.asset}:${place.zone}`;

/** The zone to try a change on, as the request names it; nothing where there is no choice. */
export function placeSaid(key: string | undefined): { asset?: string; zone?: number } {
  const [asset, zone] = key?.split(':') ?? [];
  return asset && zone ? { asset, zone: Number(zone) } : {};
}

/** The version that the newest word of the rules names; null where no temperature was compared, or by the plain rule of old. */
export function judgedBy(incident: Pick<IncidentDetail, 'zone' | 'hazard' | 'limit_celsius' | 'events'>): number | null {
  if (incident.zone === 0 || incident.limit_celsius === null || incident.hazard === 'temperature_high') return null;
  const told = incident.events.map((event) => event.data['policy_version']).filter((version) => typeof version === 'number');
  return told.at(-1) ?? null;
}

/** A class in a line. */
export function briefWords(layer: PolicyLayer, t: Messages): string {
  const { whole } = layer;
  const told = (name: string): string => valueWords(whole[name], '°C', t);
  return t.policies.brief(told('air_high_celsius'), told('product_high_celsius'), told('low_celsius'));
}

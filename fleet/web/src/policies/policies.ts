/** What a form of a policy says, and how values are told. A field this page does not know is shown by its name. */
import type { IncidentDetail, PolicyField, PolicyLayer, PolicyList, PolicyValue } from '../shared/contract.ts';
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

/** Of trucks and cabinets as a whole, by how a field's name begins. */
const wholeGroups: readonly [RegExp, Group][] = [
  [/^(moving|still|door|stop|corridor|gnss|village|visit|reach)_/, 'place'],
  [/^(reefer|load|empty|supply)_/, 'unit'],
  [/^(power|recorder|backlog)_/, 'device'],
  [/^(session|drift|jump|scale|lock|unsettled)_/, 'scales'],
  [/^(trade|stock|restock|expiry)_/, 'goods'],
];
const kinds: readonly string[] = ['truck', 'cabinet'];

const groupIn = (name: string, whole: boolean): Group => {
  if (!whole) return groupOf[name] ?? 'sensor';
  return wholeGroups.find(([begin]) => begin.test(name))?.[1] ?? 'other';
};

/** The fields by group, in the platform's order; what is in no group is the last one's. */
export function grouped(fields: readonly PolicyField[], whole = false): [Group, PolicyField[]][] {
  const order: Group[] = whole ? ['place', 'scales', 'goods', 'unit', 'device', 'other'] : ['limits', 'exposure', 'door', 'unit', 'sensor'];
  return order
    .map((group): [Group, PolicyField[]] => [group, fields.filter((field) => groupIn(field.name, whole) === group)])
    .filter(([, own]) => own.length > 0);
}

/** Whether it is for an asset as a whole, and not for a cooled zone. */
export const isWhole = (layer: Pick<PolicyLayer, 'product_class'>): boolean => kinds.includes(layer.product_class);

/** What may be set there: backlogs and sales are judged for a whole kind, never for one asset. */
export function fieldsFor(layer: Pick<PolicyLayer, 'product_class' | 'target'> | null, list: Pick<PolicyList, 'fields' | 'whole_fields'>): readonly PolicyField[] {
  const whole = layer && list.whole_fields[layer.product_class];
  if (!whole) return list.fields;
  return layer.target.startsWith('class:') ? whole : whole.filter((field) => !/^(backlog|unsettled)_/.test(field.name));
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
  return /^(0|[1-9]\d?)$/.test(zone.trim()) ? `zone:${named}:${zone.trim()}` : null;
}

/** A zone as an option of a list. */
export const placeKey = (place: { asset: string; zone: number }): string => `${place.asset}:${place.zone}`;

/** The zone to try a change on, as the request names it; nothing where there is no choice. */
export function placeSaid(key: string | undefined): { asset?: string; zone?: number } {
  const [asset, zone] = key?.split(':') ?? [];
  return asset && zone ? { asset, zone: Number(zone) } : {};
}

/** The version that the newest word of the rules names; null where no policy was asked, or by the plain rule of old. */
export function judgedBy(incident: Pick<IncidentDetail, 'zone' | 'hazard' | 'limit_celsius' | 'events'>): number | null {
  const judged = incident.events.filter((event) => event.data['policy_version'] !== undefined);
  const whole = incident.zone === 0 && kinds.includes(String(judged.at(-1)?.data['product_class']));
  if (!whole && (incident.zone === 0 || incident.limit_celsius === null || incident.hazard === 'temperature_high')) return null;
  const told = judged.map((event) => event.data['policy_version']).filter((version) => typeof version === 'number');
  return told.at(-1) ?? null;
}

/** A class in a line. */
export function briefWords(layer: PolicyLayer, t: Messages): string {
  const { whole } = layer;
  if (isWhole(layer)) return t.policies.wholeBrief(Object.keys(whole).length);
  const told = (name: string): string => valueWords(whole[name], '°C', t);
  return t.policies.brief(told('air_high_celsius'), told('product_high_celsius'), told('low_celsius'));
}

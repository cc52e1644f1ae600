import { celsiusText } from '../shared/temperature.ts';

/** The data of an incident event as short texts: temperatures with their unit, sentences as they are, nothing empty. */
export function eventFacts(data: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(data).flatMap(([name, value]) => fact(name, value));
}

function fact(name: string, value: unknown): string[] {
  if (typeof value === 'number') return [name.endsWith('celsius') ? celsiusText(value) : `${name} ${value}`];
  if (typeof value === 'string' && value !== '') return [value];
  return [];
}

import type { Messages } from '../shared/messages/zh.ts';
import { celsiusText } from '../shared/temperature.ts';
import { allLots } from './steps.ts';
import { stamp } from '../shared/time.ts';

type Data = Readonly<Record<string, unknown>>;

/** What an incident event has to tell, in short texts; fields this page does not know stay unsaid. */
export function eventFacts(data: Data, t: Messages, now_ms: number): string[] {
  const told = {
    condition: text(data, 'condition', (code) => t.condition[code as keyof Messages['condition']] ?? code),
    peak: number(data, 'peak_celsius', (celsius) => `${t.incidents.peak} ${celsiusText(celsius)}`),
    limit: number(data, 'limit_celsius', (celsius) => `${t.incidents.limit} ${celsiusText(celsius)}`),
    since: number(data, 'since_ms', (at_ms) => t.events.since(stamp(at_ms, now_ms))),
    upto: number(data, 'upto_ms', (at_ms) => t.events.upto(stamp(at_ms, now_ms))),
    to: text(data, 'to', t.steps.assigned),
    until: number(data, 'until_ms', (at_ms) => t.steps.shelvedUntil(stamp(at_ms, now_ms))),
    eta: number(data, 'eta_ms', (at_ms) => t.steps.expected(stamp(at_ms, now_ms))),
    order: text(data, 'work_order', t.steps.outOfService),
    decision: text(data, 'decision', (code) => t.steps.decisions[code as keyof Messages['steps']['decisions']] ?? code),
    lot: text(data, 'lot', (lot) => (lot === allLots ? t.steps.allLots : lot)),
    reason: text(data, 'reason', (reason) => reason === 'rules' ? t.incidents.byRules : reason),
    text: text(data, 'text', (said) => said),
    note: text(data, 'note', (note) => note),
    why: text(data, 'why', (why) => why),
    into: text(data, 'into', t.events.into),
    parent: text(data, 'parent', t.events.parent),
    severity: text(data, 'severity', (code) => t.severity[code as keyof Messages['severity']] ?? code),
  };
  return Object.values(told).filter((fact) => fact !== '');
}

function text(data: Data, name: string, say: (value: string) => string): string {
  const value = data[name];
  return typeof value === 'string' && value !== '' ? say(value) : '';
}

function number(data: Data, name: string, say: (value: number) => string): string {
  const value = data[name];
  return typeof value === 'number' ? say(value) : '';
}

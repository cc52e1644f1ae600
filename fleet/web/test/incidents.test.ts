import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventFacts } from '../src/incidents/facts.ts';
import { inOrder, replaced, withKept } from '../src/incidents/order.ts';
import { breachWords, eventName, hazardName, lasted_ms, mayBeAcknowledged, peakName, worst } from '../src/incidents/wording.ts';
import { catalogues } from '../src/shared/messages/catalogues.ts';
import { anIncident, now_ms } from './example.ts';

const { zh, en } = catalogues;
const ids = (list: readonly { id: string }[]): string => list.map((each) => each.id).join('');

test('what waits for a person comes first, then the youngest', () => {
  const old = anIncident({ id: 'o', begin_ms: now_ms - 9_000 });
  const young = anIncident({ id: 'y', begin_ms: now_ms - 1_000 });
  const seen = anIncident({ id: 's', begin_ms: now_ms, workflow: 'acked' });
  assert.equal(ids(inOrder([seen, old, young])), 'yos');
  assert.equal(ids(inOrder([young, seen, old])), 'yos');
});

test('incidents of the same instant keep one order', () => {
  const [a, b] = [anIncident({ id: 'a' }), anIncident({ id: 'b' })];
  assert.equal(ids(inOrder([b, a])), ids(inOrder([a, b])));
});

test('an incident acknowledged here stays in sight once, and the list has the newer word', () => {
  const kept = anIncident({ id: 'k', note: 'old' });
  assert.equal(ids(withKept([anIncident({ id: 'x' })], [kept])), 'xk');
  assert.equal(withKept([{ ...kept, note: 'new' }], [kept])[0]?.note, 'new');
});

test('replacing changes only the incident with the same id', () => {
  const list = [anIncident({ id: 'a' }), anIncident({ id: 'b' })];
  const fresh = anIncident({ id: 'b', workflow: 'acked' });
  assert.deepEqual(replaced(list, fresh).map((each) => each.workflow), ['unack', 'acked']);
  assert.equal(replaced(list, anIncident({ id: 'z' })).length, 2);
});

test('an incident that goes on lasts until now, an ended one until its end', () => {
  assert.equal(lasted_ms(anIncident(), now_ms), 3_600_000);
  assert.equal(lasted_ms(anIncident({ end_ms: now_ms - 1_800_000 }), now_ms), 1_800_000);
  assert.equal(lasted_ms(anIncident({ begin_ms: now_ms + 1 }), now_ms), 0);
});

test('a live reading beyond the told peak is the peak, on the side of the hazard', () => {
  assert.equal(worst(anIncident({ peak_celsius: 11 }), 12), 12);
  assert.equal(worst(anIncident({ peak_celsius: 11 }), 9), 11);
  assert.equal(worst(anIncident({ hazard: 'temperature_low', peak_celsius: -1 }), -2), -2);
  assert.equal(worst(anIncident({ peak_celsius: null }), 0), 0);
  assert.equal(worst(anIncident({ peak_celsius: null }), null), null);
});

test('a merged incident is acknowledged in the elder one', () => {
  assert.equal(mayBeAcknowledged(anIncident()), true);
  assert.equal(mayBeAcknowledged(anIncident({ workflow: 'acked' })), false);
  assert.equal(mayBeAcknowledged(anIncident({ merged_into: 'elder' })), false);
});

test('hazards and events are worded, and an unknown code is shown as it came', () => {
  assert.equal(hazardName('temperature_high', zh), '温度过高');
  assert.equal(hazardName('not_known_yet', zh), 'not_known_yet');
  assert.equal(eventName('late_raised', en), 'Found in a backlog');
  assert.equal(eventName('teleported', en), 'teleported');
  assert.equal(peakName('temperature_low', en), 'Lowest');
});

test('an event tells its note, its temperatures and its times, and keeps back what nobody asked for', () => {
  const data = { condition: 'active', peak_celsius: 0, limit_celsius: -18, product_class: 'frozen', policy_version: 1 };
  assert.deepEqual(eventFacts(data, en, now_ms), ['Out of limit', 'Peak 0 °C', 'Limit −18 °C']);
  assert.deepEqual(eventFacts({ note: '' }, en, now_ms), []);
  assert.deepEqual(eventFacts({ since_ms: now_ms }, zh, now_ms), ['10:00 起没有数据']);
});

test('how soon the goods pass their limit is told as a middle and a band, as far as it is in sight', () => {
  assert.equal(breachWords([12, 25, 70], en), 'in 25 min (12 min to 1 h 10 min)');
  assert.equal(breachWords([null, null, null], zh), '看不到超温');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsFor, fieldsSaid, grouped, judgedBy, noneKey, placeKey, placeSaid, targetName, targetOf, valueWords } from '../src/policies/policies.ts';
import type { PolicyField } from '../src/shared/contract.ts';
import { catalogues } from '../src/shared/messages/catalogues.ts';
import { pageOf, policyHref, policyOf } from '../src/shared/route.ts';

const field = (name: string, may_be_none = false): PolicyField => ({ name, unit: '°C', low: -60, high: 70, may_be_none, integral: false });
const fields = [field('low_celsius', true), field('air_high_celsius'), field('of_the_future')];

test('an empty field says nothing, 0 is a value, and a ticked box is no limit', () => {
  assert.deepEqual(fieldsSaid({ low_celsius: '0', air_high_celsius: ' ', source: 'x' }, fields), { low_celsius: 0 });
  assert.deepEqual(fieldsSaid({ low_celsius: '4', [noneKey('low_celsius')]: 'on', air_high_celsius: '-18.5' }, fields), {
    low_celsius: null, air_high_celsius: -18.5,
  });
});

test('every field of the platform is shown once, one that is new here among the last', () => {
  const shown = grouped(fields).flatMap(([, own]) => own.map((one) => one.name));
  assert.deepEqual(shown.sort(), fields.map((one) => one.name).sort());
  assert.deepEqual(grouped(fields).at(-1)?.[1].map((one) => one.name), ['of_the_future']);
});

test('no limit, nothing set, and 0 are three things', () => {
  const t = catalogues.zh;
  assert.deepEqual([null, '', 0].map((one) => valueWords(one as number | null | '', '°C', t)), ['不限', '未设', '0 °C']);
});

test('a target is made of what one types, and of nothing else', () => {
  assert.equal(targetOf(' cab-0001 ', ''), 'asset:cab-0001');
  assert.equal(targetOf('cab-0001', '2'), 'zone:cab-0001:2');
  assert.equal(targetOf('cab-0001', '0'), 'zone:cab-0001:0');
  for (const [asset, zone] of [['', ''], ['a:b', ''], ['cab-0001', '00'], ['cab-0001', '1.5']]) assert.equal(targetOf(asset ?? '', zone ?? ''), null);
});

test('targets are told by their names', () => {
  assert.equal(targetName('class:frozen', catalogues.zh), '类别 冷冻');
  assert.equal(targetName('class:wine', catalogues.en), 'class wine');
  assert.equal(targetName('zone:cab-0001:1', catalogues.en), 'zone cab-0001:1');
});

test('an open policy is kept in the address', () => {
  const href = policyHref('zone:cab-0001:1');
  assert.equal(policyOf(href), 'zone:cab-0001:1');
  assert.equal(pageOf(href), 'policies');
  assert.equal(policyOf('#/policies'), null);
  assert.equal(policyOf('#/policies/'), null);
  assert.equal(pageOf('#/policies'), 'policies');
});

test('the zone to try on is told as it was chosen', () => {
  assert.deepEqual(placeSaid(placeKey({ asset: 'cab-0001', zone: 1 })), { asset: 'cab-0001', zone: 1 });
  assert.deepEqual(placeSaid(undefined), {});
});

test('an incident names the version by which it was judged last, one without a limit none', () => {
  const event = (data: Record<string, unknown>) => ({ n: 1, at_ms: 0, kind: 'raised', by: null, data });
  const events = [event({ policy_version: 10 }), event({ policy_version: 13 }), event({ note: 'x' })];
  assert.equal(judgedBy({ hazard: 'air_high', zone: 1, limit_celsius: 0, events }), 13);
  assert.equal(judgedBy({ hazard: 'air_high', zone: 1, limit_celsius: null, events }), null);
  assert.equal(judgedBy({ hazard: 'air_high', zone: 0, limit_celsius: 8, events }), null);
  const truck = [event({ policy_version: 15, product_class: 'truck' }), event({ note: 'x' })];
  assert.equal(judgedBy({ hazard: 'gnss_lost', zone: 0, limit_celsius: null, events: truck }), 15);
  assert.equal(judgedBy({ hazard: 'air_high', zone: 1, limit_celsius: 8, events: [] }), null);
  assert.equal(judgedBy({ hazard: 'temperature_high', zone: 1, limit_celsius: 8, events }), null);
});

test('an asset as a whole has fields of its own, and its backlogs are its kind\'s', () => {
  const list = { fields, whole_fields: { truck: [field('moving_kmh'), field('backlog_min'), field('of_the_future')] } };
  const names = (target: string, product_class: string) => fieldsFor({ target, product_class }, list).map((one) => one.name);
  assert.deepEqual(names('class:truck', 'truck'), ['moving_kmh', 'backlog_min', 'of_the_future']);
  assert.deepEqual(names('zone:veh-0001:0', 'truck'), ['moving_kmh', 'of_the_future']);
  assert.deepEqual(names('class:frozen', 'frozen'), fields.map((one) => one.name));
  assert.deepEqual(grouped(list.whole_fields.truck, true).map(([group]) => group), ['place', 'device', 'other']);
});

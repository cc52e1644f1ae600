import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayAndTime, scopeOf } from '../src/account/fields.ts';
import { pageOf } from '../src/shared/route.ts';

test('a scope is read from lines, words and Chinese commas; everything must be ticked', () => {
  assert.deepEqual(scopeOf({ scope: ' \n ' }), []);
  assert.equal(scopeOf({ everything: 'on', scope: 'county:330803' }), null);
  assert.deepEqual(scopeOf({ scope: 'county:330803\ntown:330803001，truck:veh-0001、cabinet:cab-0001' }), [
    'county:330803', 'town:330803001', 'truck:veh-0001', 'cabinet:cab-0001',
  ]);
});

test('times of accounts are told in Shanghai', () => {
  assert.equal(dayAndTime(Date.UTC(2026, 8, 21, 23, 30)), '2026-09-22 07:30');
});

test('the address names the page, and what it does not know is operations', () => {
  assert.equal(pageOf('#/account'), 'account');
  assert.equal(pageOf('#/people'), 'people');
  for (const hash of ['', '#/', '#/incidents/1', '#/nothing']) assert.equal(pageOf(hash), 'operations');
});

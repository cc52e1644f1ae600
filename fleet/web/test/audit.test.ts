import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detailsOf, queryOf } from '../src/audit/audit.ts';
import { pageOf } from '../src/shared/route.ts';

test('an empty form narrows nothing', () => {
  const none = { actor: null, action: null, outcome: null, from_ms: null, until_ms: null };
  assert.deepEqual(queryOf({}), none);
  assert.deepEqual(queryOf({ actor: ' ', action: '', outcome: '', from: '', until: 'never' }), none);
});

test('days are those of Shanghai, and the last one counts as a whole', () => {
  const query = queryOf({ actor: ' lin ', action: 'user', from: '2026-09-22', until: '2026-09-22' });
  assert.equal(query['actor'], 'lin');
  assert.equal(query['from_ms'], Date.UTC(2026, 8, 21, 16));
  assert.equal(query['until_ms'], Date.UTC(2026, 8, 22, 16));
});

test('the fields of an entry stand in one line, lists and numbers as they are', () => {
  const entry = { seq: 1, at_ms: 0, actor: 'lin', action: 'user.role', object: 'user:wei', outcome: 'done' as const, hash: '' };
  assert.equal(detailsOf({ ...entry, data: { from: 'viewer', added: 2, files: ['a.csv'] } }), 'from: viewer · added: 2 · files: ["a.csv"]');
  assert.equal(detailsOf({ ...entry, data: {} }), '');
});

test('the address names the audit page', () => {
  assert.equal(pageOf('#/audit'), 'audit');
});

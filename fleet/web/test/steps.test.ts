import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventFacts } from '../src/incidents/facts.ts';
import { acknowledgement, awaitsDisposition, bulkRequest, isShelved, newKey, possibleSteps, stepRequest } from '../src/incidents/steps.ts';
import { figureRows } from '../src/quality/figures.ts';
import type { Quality } from '../src/shared/contract.ts';
import { catalogues } from '../src/shared/messages/catalogues.ts';
import { pageOf } from '../src/shared/route.ts';
import { anIncident, now_ms } from './example.ts';

const { zh, en } = catalogues;
const all = (): boolean => true;
const said = (fields: Record<string, string>) => ({ fields, key: 'k' });

test('only steps that make sense now and that the role may take are offered', () => {
  assert.deepEqual(possibleSteps(anIncident(), all, now_ms), ['assign', 'comment', 'shelve', 'outOfService', 'dispose']);
  const over = anIncident({ end_ms: now_ms, condition: 'normal', workflow: 'acked', work_order: 'WO-1' });
  assert.deepEqual(possibleSteps(over, all, now_ms), ['assign', 'comment', 'return', 'dispose', 'close']);
  assert.deepEqual(possibleSteps(over, (permission) => permission === 'acknowledge', now_ms), ['comment', 'close']);
  assert.deepEqual(possibleSteps(anIncident({ workflow: 'closed' }), all, now_ms), ['comment']);
  assert.deepEqual(possibleSteps(anIncident({ merged_into: 'elder', workflow: 'closed' }), all, now_ms), []);
  assert.equal(possibleSteps(anIncident({ consequence: 'none' }), all, now_ms).includes('dispose'), false);
});

test('a shelf ends at its time and with the incident', () => {
  const shelved = anIncident({ shelved_until_ms: now_ms + 1 });
  assert.equal(isShelved(shelved, now_ms), true);
  assert.equal(isShelved(shelved, now_ms + 1), false);
  assert.equal(isShelved({ ...shelved, end_ms: now_ms }, now_ms), false);
  assert.deepEqual(possibleSteps(shelved, all, now_ms).filter((kind) => kind.includes('shelve')), ['unshelve']);
});

test('goods await a decision after an exposure until the case is closed', () => {
  assert.equal(awaitsDisposition(anIncident()), false);
  assert.equal(awaitsDisposition(anIncident({ end_ms: now_ms })), true);
  assert.equal(awaitsDisposition(anIncident({ end_ms: now_ms, workflow: 'closed' })), false);
});

test('selling again is offered where the sale is locked and something was said of the goods', () => {
  const locked = anIncident({ sale_locked_ms: now_ms });
  assert.equal(possibleSteps(locked, all, now_ms).includes('saleUnlock'), false);
  const withdrawn = { lot: '*', decision: 'withdraw' as const, note: '', by: 'mei', at_ms: now_ms };
  const decided = { ...locked, dispositions: [withdrawn] };
  assert.equal(possibleSteps(decided, all, now_ms).includes('saleUnlock'), true);
  assert.equal(possibleSteps({ ...decided, workflow: 'closed' }, all, now_ms).includes('saleUnlock'), true);
  assert.equal(possibleSteps({ ...decided, sale_locked_ms: null }, all, now_ms).includes('saleUnlock'), false);
  assert.equal(possibleSteps(decided, (permission) => permission === 'command', now_ms).includes('saleUnlock'), false);
  assert.deepEqual(stepRequest('i', 'saleUnlock', said({ note: ' repaired ' })), {
    path: '/api/incidents/i/sale-unlock', body: { note: 'repaired', key: 'k' },
  });
});

test('what an incident follows from and how grave it grew is told', () => {
  assert.deepEqual(eventFacts({ parent: 'p' }, en, now_ms), ['follows from p']);
  assert.deepEqual(eventFacts({ severity: 'critical' }, zh, now_ms), ['严重']);
});

test('a request says what the form said, with its key', () => {
  assert.deepEqual(stepRequest('i 1', 'shelve', said({ hours: '0.5', reason: ' defrost ' })), {
    path: '/api/incidents/i%201/shelve', body: { for_s: 1_800, reason: 'defrost', key: 'k' },
  });
  assert.deepEqual(stepRequest('i', 'assign', said({ to: '' })).body, { to: null, key: 'k' });
  const goods = stepRequest('i', 'dispose', said({ decision: 'release', lot: ' ', note: 'core 4 °C', close: 'on' }));
  assert.deepEqual(goods.body, { items: [{ lot: '*', decision: 'release' }], note: 'core 4 °C', close: true, key: 'k' });
  assert.equal(goods.path, '/api/incidents/i/disposition');
});

test('many incidents go in one request', () => {
  assert.deepEqual(bulkRequest(['a', 'b'], 'shelve', said({ hours: '24', reason: 'x' })), {
    path: '/api/incidents/shelve', body: { ids: ['a', 'b'], for_s: 86_400, reason: 'x', key: 'k' },
  });
  assert.deepEqual(bulkRequest(['a'], 'acknowledge', said({ note: 'x', eta_minutes: '10' })).body, { ids: ['a'], note: 'x', eta_in_s: 600 });
  assert.deepEqual(acknowledgement({ note: '' }), { note: '', eta_in_s: null });
});

test('keys are fit for the platform and never the same', () => {
  assert.match(newKey(), /^[0-9a-f]{32}$/);
  assert.notEqual(newKey(), newKey());
});

test('steps are told in the history in words', () => {
  assert.deepEqual(eventFacts({ lot: '*', decision: 'withdraw', note: '' }, zh, now_ms), ['下架', '整个温区']);
  assert.deepEqual(eventFacts({ until_ms: now_ms, reason: 'defrost' }, en, now_ms), ['Shelved until 10:00', 'defrost']);
  assert.deepEqual(eventFacts({ work_order: 'WO-1', note: '' }, zh, now_ms), ['停用 WO-1']);
});

const calm: Quality = {
  annunciated: 12, late: 1, per_10_min: 0.08, most_in_10_min: 11, over_10_share: 0, floods: 1, flood_share: 0.02, top: [], top_share: null,
  chattering: 0, shelvings: 0, acknowledged: 4, acknowledge_p50_s: 120, acknowledge_p95_s: null,
  standing: { stale: 5, shelved: 1, out_of_service: 0, unacknowledged: 2, oldest_unacknowledged_ms: null },
};

test('figures of alarm quality keep to their targets or do not, and say nothing where nothing is known', () => {
  const rows = new Map(figureRows(calm, en).map((row) => [row.name, row]));
  assert.deepEqual([rows.get('rate')?.value, rows.get('rate')?.good], ['0.08', true]);
  assert.deepEqual([rows.get('highest')?.good, rows.get('flood')?.good, rows.get('stale')?.good], [false, false, false]);
  assert.deepEqual([rows.get('flood')?.value, rows.get('top')?.value, rows.get('tail')?.value], ['2 %', '–', '–']);
});

test('every page has its address, and any other address is operations', () => {
  assert.deepEqual(['#/inbox', '#/quality', '#/people', '#/account', '#/', '', '#/x'].map(pageOf),
    ['inbox', 'quality', 'people', 'account', 'operations', 'operations', 'operations']);
});

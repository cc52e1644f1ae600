import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripColumns, stripRange, stripSpan } from '../src/incidents/strip.ts';
import { anIncident, now_ms } from './example.ts';

const hour_ms = 3_600_000;

test('the strip of a lasting incident ends now, that of an ended one an hour after its end', () => {
  assert.equal(stripSpan(anIncident(), now_ms).end_ms, now_ms);
  const ended = anIncident({ begin_ms: now_ms - 9 * hour_ms, end_ms: now_ms - 6 * hour_ms });
  assert.equal(stripSpan(ended, now_ms).end_ms, now_ms - 5 * hour_ms);
  assert.equal(stripSpan(ended, now_ms).start_ms, now_ms - 11 * hour_ms);
});

test('the windows of the strip are whole tens of seconds and not more than 180', () => {
  for (const hours of [0, 1, 7, 100]) {
    const span = stripSpan(anIncident({ begin_ms: now_ms - hours * hour_ms }), now_ms);
    assert.equal(span.every_ms % 10_000, 0);
    assert.ok((span.end_ms - span.start_ms) / span.every_ms <= 180);
  }
});

test('silence is drawn as a gap, not as a line', () => {
  const columns = stripColumns([[0, 1, 1, 3, 2], [1_000, 1, 1, 3, 2], [9_000, 1, 4, 6, 5]], 1_000);
  assert.deepEqual(columns.at_s, [0, 1, 2, 9]);
  assert.deepEqual(columns.mean, [2, 2, null, 5]);
});

test('the axis holds all readings and the limit with air around, also around zero', () => {
  const columns = stripColumns([[0, 1, -3, 1, 0]], 1_000);
  assert.deepEqual(stripRange(columns, 0), [-4, 2]);
  assert.deepEqual(stripRange(columns, 8), [-4.1, 9.1]);
  assert.deepEqual(stripRange(columns, null), [-4, 2]);
});

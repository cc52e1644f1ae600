import assert from 'node:assert/strict';
import { test } from 'node:test';
import { celsiusText, limitsText, outside } from '../src/shared/temperature.ts';

test('zero degrees is a reading, not a missing one', () => {
  assert.equal(celsiusText(0), '0 °C');
  assert.equal(celsiusText(-0.04), '0 °C');
  assert.equal(celsiusText(null), '—');
});

test('a temperature has one decimal where it needs it and a real minus', () => {
  assert.equal(celsiusText(3.44), '3.4 °C');
  assert.equal(celsiusText(-18), '−18 °C');
  assert.equal(celsiusText(-9.25), '−9.3 °C');
});

test('limits of zero and limits that are missing are told apart', () => {
  assert.equal(limitsText(0, 8), '0…8 °C');
  assert.equal(limitsText(null, -18), '≤ −18 °C');
  assert.equal(limitsText(0, null), '≥ 0 °C');
  assert.equal(limitsText(null, null), '—');
});

test('a reading on the limit is inside, beyond it outside, also at zero and below', () => {
  const chilled = { low_celsius: 0, high_celsius: 8 };
  assert.equal(outside(8, chilled), false);
  assert.equal(outside(8.1, chilled), true);
  assert.equal(outside(0, chilled), false);
  assert.equal(outside(-0.1, chilled), true);
  assert.equal(outside(-17.9, { low_celsius: null, high_celsius: -18 }), true);
  assert.equal(outside(null, chilled), false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogues } from '../src/shared/messages/catalogues.ts';
import { businessDate, clockTime, dayName, duration, stamp } from '../src/shared/time.ts';

const hour_ms = 3_600_000;
const tuesdayEight_ms = Date.UTC(2026, 6, 28, 0, 0, 0); // 08:00 in Shanghai

test('the clock shows Shanghai time whatever the zone of this machine', () => {
  assert.equal(clockTime(tuesdayEight_ms), '08:00');
  assert.equal(clockTime(tuesdayEight_ms + 7_000, 'second'), '08:00:07');
  assert.equal(clockTime(tuesdayEight_ms - 8 * hour_ms), '00:00');
});

test('the business day turns at midnight in Shanghai', () => {
  assert.equal(businessDate(tuesdayEight_ms - 8 * hour_ms), '2026-07-28');
  assert.equal(businessDate(tuesdayEight_ms - 8 * hour_ms - 1), '2026-07-27');
});

test('a stamp of the same business day is the time alone, of another day it has the date', () => {
  assert.equal(stamp(tuesdayEight_ms, tuesdayEight_ms + hour_ms), '08:00');
  assert.equal(stamp(tuesdayEight_ms - 9 * hour_ms, tuesdayEight_ms), '07-27 23:00');
});

test('the day is named in both languages', () => {
  assert.match(dayName(tuesdayEight_ms, 'zh'), /7月28日.*周二/);
  assert.match(dayName(tuesdayEight_ms, 'en'), /Tue.*28 Jul/);
});

test('a length of time is told in its two largest units', () => {
  const zh = catalogues.zh.time;
  assert.equal(duration(59_999, zh), '不到 1 分钟');
  assert.equal(duration(59 * 60_000, zh), '59 分钟');
  assert.equal(duration(hour_ms, zh), '1 小时');
  assert.equal(duration(hour_ms + 5 * 60_000, zh), '1 小时 5 分');
  assert.equal(duration(50 * hour_ms, zh), '2 天 2 小时');
  assert.equal(duration(50 * hour_ms, catalogues.en.time), '2 d 2 h');
});

test('a length below nothing counts as none', () => {
  assert.equal(duration(-5 * hour_ms, catalogues.en.time), 'under 1 min');
});

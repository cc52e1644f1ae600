import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseBefore } from '../src/ops/backoff.ts';
import { platformTime } from '../src/ops/clock.ts';
import { catalogues } from '../src/shared/messages/catalogues.ts';
import { Problem, asProblem, problemWords } from '../src/shared/problem.ts';
import { incidentHref, incidentOf } from '../src/shared/route.ts';

test('platform time runs at the told speed and never goes back behind what was told', () => {
  const anchor = { now_ms: 1_000_000, speed: 30, told_ms: 500 };
  assert.equal(platformTime(anchor, 500), 1_000_000);
  assert.equal(platformTime(anchor, 1_500), 1_030_000);
  assert.equal(platformTime(anchor, 400), 1_000_000);
});

test('pauses between attempts grow up to a quarter of a minute', () => {
  assert.deepEqual([1, 2, 3].map(pauseBefore), [1_000, 2_000, 4_000]);
  assert.equal(pauseBefore(40), 15_000);
});

test('a problem is told in the words of the server where the page speaks its language', () => {
  const told = problemWords(new Problem(409, { title: 't', detail: 'merged', remedy: 'open the elder one' }), catalogues.en);
  assert.deepEqual(told, { fault: 'merged', remedy: 'open the elder one', server: '' });
  assert.match(problemWords(new Problem(502), catalogues.en).fault, /502/);
  assert.equal(problemWords(new Problem(404, { title: 'No such incident' }), catalogues.en).fault, 'No such incident');
});

test('in Chinese a problem is told in Chinese, with what the server said beside it', () => {
  const told = problemWords(new Problem(409, { detail: 'merged', remedy: 'open the elder one' }), catalogues.zh);
  assert.match(told.fault, /不能/);
  assert.equal(told.server, 'merged open the elder one');
  assert.match(problemWords(new Problem(0), catalogues.zh).fault, /连不上/);
});

test('only problems are taken for problems; anything else is a bug and goes on', () => {
  assert.equal(asProblem(new Problem(1)).status, 1);
  assert.throws(() => asProblem(new TypeError('bug')), TypeError);
});

test('the address of an incident leads back to it', () => {
  assert.equal(incidentOf(incidentHref('0198-a/b')), '0198-a/b');
  assert.equal(incidentOf('#/'), null);
  assert.equal(incidentOf('#/incidents/'), null);
});

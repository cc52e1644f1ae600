import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opacity, rank, statesByRank } from '../src/map/marker.ts';
import { markerSvg, svgAddress, type MarkerKind } from '../src/map/markerSvg.ts';
import { palettes } from '../src/map/palette.ts';
import { now_ms } from './example.ts';

const kinds: readonly MarkerKind[] = ['truck', 'cabinet', 'cluster'];
const minute_ms = 60_000;

test('the states are ranked so that an alarm shows through every group and offline through none', () => {
  assert.deepEqual(statesByRank, ['offline', 'ok', 'unknown', 'alarm']);
  assert.deepEqual(statesByRank.map((state) => rank[state]), [0, 1, 2, 3]);
});

test('a device fades as it falls silent, but an alarm or an unknown never does', () => {
  assert.equal(opacity('ok', now_ms - minute_ms, now_ms), 1);
  assert.ok(opacity('ok', now_ms - 15 * minute_ms, now_ms) < 1);
  assert.ok(opacity('ok', now_ms - 60 * minute_ms, now_ms) < opacity('ok', now_ms - 15 * minute_ms, now_ms));
  assert.ok(opacity('offline', null, now_ms) < 1);
  assert.equal(opacity('alarm', now_ms - 600 * minute_ms, now_ms), 1);
  assert.equal(opacity('unknown', null, now_ms), 1);
});

for (const scheme of ['light', 'dark'] as const) {
  test(`every kind and state has its own drawing in ${scheme}`, () => {
    const drawings = kinds.flatMap((kind) => statesByRank.map((state) => markerSvg(kind, state, palettes[scheme])));
    assert.equal(new Set(drawings).size, kinds.length * statesByRank.length);
    for (const svg of drawings) assert.doesNotMatch(svg, /[{}]|undefined/);
  });

  test(`states can be told apart without colour in ${scheme}`, () => {
    const grey = (svg: string): string => svg.replaceAll(/#[0-9a-f]{3,6}/g, 'grey');
    const shapes = statesByRank.map((state) => grey(markerSvg('truck', state, palettes[scheme])));
    assert.equal(new Set(shapes).size, statesByRank.length);
  });

  test(`every state has its own colour in ${scheme}`, () => {
    assert.equal(new Set(Object.values(palettes[scheme].state)).size, statesByRank.length);
  });
}

test('a drawing becomes an address that stands for itself', () => {
  assert.match(svgAddress('<svg a="#b"/>'), /^data:image\/svg\+xml,%3Csvg/);
});

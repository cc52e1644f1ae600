import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookingBounds } from '../src/map/bounds.ts';
import { areaNames, assetPoints, middle, temperatures, townNames, type Area, type Areas } from '../src/map/features.ts';
import { findAsset } from '../src/map/find.ts';
import { neighbours, spread } from '../src/map/spread.ts';
import type { Place } from '../src/shared/contract.ts';
import { anAsset, now_ms } from './example.ts';

function square(west: number, south: number, size: number, properties: Record<string, unknown> = {}): Area {
  const ring = [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]];
  return { type: 'Feature', properties, geometry: { type: 'Polygon', coordinates: [ring] } };
}

function close(actual: readonly number[] | undefined, wanted: readonly number[]): void {
  wanted.forEach((value, i) => assert.ok(Math.abs(value - (actual?.[i] ?? NaN)) < 1e-9, `${actual} is not ${wanted}`));
}

test('the middle of a square is its centre, and of several parts that of the largest', () => {
  close(middle(square(118, 28, 2)), [119, 29]);
  const parts = [square(0, 0, 1), square(118, 28, 2)].map((area) => area.geometry.coordinates as number[][][]);
  close(middle({ type: 'Feature', properties: {}, geometry: { type: 'MultiPolygon', coordinates: parts } }), [119, 29]);
});

test('a ring without area has its first corner as middle', () => {
  close(middle({ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [[[118, 28], [118, 28]]] } }), [118, 28]);
});

test('towns of two counties with one name are two towns', () => {
  const [here, there] = [{ county: 'a', town: 't' }, { county: 'b', town: 't' }];
  const villages: Areas = { type: 'FeatureCollection', features: [square(0, 0, 1, here), square(2, 0, 1, here), square(9, 9, 1, there)] };
  const names = townNames(villages).features;
  assert.deepEqual(names.map((point) => point.properties['name']), ['t', 't']);
  close(names[0]?.geometry.coordinates, [1.5, 0.5]);
  assert.equal(areaNames(villages).features.length, 3);
});

test('beside a marker stand the zones out of limit, else all zones', () => {
  assert.equal(temperatures(anAsset()), '3.4 °C / −20 °C');
  const warm = anAsset();
  warm.zones[1]!.celsius = -9;
  assert.equal(temperatures(warm), '−9 °C');
  assert.equal(temperatures(anAsset({ zones: [] })), '');
});

test('only a device in alarm shows its temperature from afar', () => {
  const points = assetPoints([anAsset({ id: 'a' }), anAsset({ id: 'b', state: 'alarm' })], now_ms);
  assert.deepEqual(points.features.map((point) => point.properties['far']), ['', '3.4 °C / −20 °C']);
  assert.equal(points.features[0]?.properties['near'], '衢江02\n3.4 °C / −20 °C');
});

test('cabinets of one building are drawn apart, all others and all trucks where they are', () => {
  const hall = [0, 1, 2, 3].map((i) => anAsset({ id: `cab-${i}`, kind: 'cabinet', lon: 120.15 + (i % 2) * 0.0001, lat: 30.26 }));
  const far = anAsset({ id: 'cab-far', kind: 'cabinet', lon: 120.16, lat: 30.26 });
  const trucks = [anAsset({ id: 'veh-1' }), anAsset({ id: 'veh-2' })];
  const drawn = assetPoints([...hall, far, ...trucks], now_ms).features;
  const places = new Map(drawn.map((point) => [point.properties['id'], point.geometry.coordinates]));
  assert.equal(new Set(hall.map((each) => String(places.get(each.id)))).size, 4);
  close(places.get('cab-far'), [120.16, 30.26]);
  close(places.get('veh-1'), [118.95, 28.97]);
  close(places.get('veh-2'), [118.95, 28.97]);
});

test('spreading does not depend on the order in which devices come, and keeps the middle of the group', () => {
  const hall = [0, 1, 2, 3].map((i) => ({ id: `cab-${i}`, lon: 120.15, lat: 30.26 }));
  assert.deepEqual(spread(hall), new Map([...spread([...hall].reverse())].sort(([a], [b]) => a.localeCompare(b))));
  const drawn = [...spread(hall).values()];
  close([drawn.reduce((sum, at) => sum + at[0], 0) / 4, drawn.reduce((sum, at) => sum + at[1], 0) / 4], [120.15, 30.26]);
});

test('a chain of near ones is one group', () => {
  const chain = [0, 2, 1].map((i) => ({ id: `cab-${i}`, lon: 120.15 + i * 0.00018, lat: 30.26 }));
  assert.deepEqual(neighbours(chain).map((group) => group.length), [3]);
});

test('a device is found by id, name, or a part of either, whatever the case', () => {
  const all = [
    anAsset(),
    anAsset({ id: 'cab-0001', name: '邻礼柜 省府大院 1 号楼东厅' }),
    anAsset({ id: 'cab-0010', name: '邻礼柜 省府大院 1 号楼' }),
  ];
  assert.equal(findAsset(all, 'VEH-0007')?.id, 'veh-0007');
  assert.equal(findAsset(all, '邻礼柜 省府大院 1 号楼')?.id, 'cab-0010');
  assert.equal(findAsset(all, '邻礼柜 省府大院 1 号楼东厅 cab-0001')?.id, 'cab-0001');
  assert.equal(findAsset(all, '衢江')?.id, 'veh-0007');
  assert.equal(findAsset(all, '  '), null);
  assert.equal(findAsset(all, 'nowhere'), null);
});

test('a place with trucks is shown whole, a place of cabinets closely, an empty one as it was told', () => {
  const place: Place = { id: 'hangzhou', name: '杭州', bounds: [120, 30, 121, 31] };
  const cabinet = anAsset({ kind: 'cabinet', site: 'hangzhou', lon: 120.15, lat: 30.26 });
  assert.deepEqual(lookingBounds(place, [anAsset(), anAsset({ site: 'hangzhou' })]), place.bounds);
  assert.deepEqual(lookingBounds(place, [anAsset()]), place.bounds);
  const [west, south, east, north] = lookingBounds(place, [cabinet]);
  assert.ok(west < 120.15 && east > 120.15 && south < 30.26 && north > 30.26 && east - west < 0.01);
});

/** The style of the map: own sources only, so it needs no network; names are drawn with the fonts of this machine. */
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import { rank, statesByRank } from './marker.ts';
import type { Palette } from './palette.ts';

const font = ['sans-serif'];
const none = { type: 'FeatureCollection' as const, features: [] };
const single: ExpressionSpecification = ['!', ['has', 'point_count']];
const grouped: ExpressionSpecification = ['has', 'point_count'];

export const namesFrom_zoom = { town: 9.6, village: 12, truck: 10.8, cabinet: 17.9 };
const degreesFrom_zoom = 15.5;

/** Chooses the marker of one device; of none for null. */
export function isAsset(id: string | null): ExpressionSpecification {
  return ['==', ['coalesce', ['get', 'id'], ''], id ?? 'none'];
}

function groundLayers(p: Palette): LayerSpecification[] {
  const hover: ExpressionSpecification = ['boolean', ['feature-state', 'hovered'], false];
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': p.ground } },
    {
      id: 'village', type: 'fill', source: 'villages',
      paint: { 'fill-color': ['case', hover, p.hovered, ['boolean', ['get', 'served'], false], p.served, p.village] },
    },
    {
      id: 'village-line', type: 'line', source: 'villages',
      paint: { 'line-color': p.villageLine, 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.3, 12, 1] },
    },
    {
      id: 'county-line', type: 'line', source: 'counties',
      paint: { 'line-color': p.countyLine, 'line-width': ['interpolate', ['linear'], ['zoom'], 7, 1, 12, 2.5] },
    },
  ];
}

function nameLayers(p: Palette): LayerSpecification[] {
  const paint = { 'text-halo-color': p.halo, 'text-halo-width': 1.5 };
  return [
    {
      id: 'village-name', type: 'symbol', source: 'village-names', minzoom: namesFrom_zoom.village,
      layout: { 'text-field': ['get', 'name'], 'text-font': font, 'text-size': 11 }, paint: { ...paint, 'text-color': p.labelSoft },
    },
    {
      id: 'town-name', type: 'symbol', source: 'town-names', minzoom: namesFrom_zoom.town, maxzoom: 12.5,
      layout: { 'text-field': ['get', 'name'], 'text-font': font, 'text-size': 12 }, paint: { ...paint, 'text-color': p.labelSoft },
    },
    {
      id: 'county-name', type: 'symbol', source: 'county-names', maxzoom: 11,
      layout: {
        'text-field': ['get', 'name'], 'text-font': font, 'text-size': 15, 'text-letter-spacing': 0.15, 'text-allow-overlap': true,
      },
      paint: { ...paint, 'text-color': p.label, 'text-opacity': 0.8 },
    },
  ];
}

function clusterIcon(): ExpressionSpecification {
  const pairs = statesByRank.flatMap((state) => [rank[state], `cluster-${state}`]);
  return ['match', ['get', 'worst'], ...pairs, 'cluster-ok'] as unknown as ExpressionSpecification; // TypeScript cannot count a spread
}

/** What is written under a single marker: out of limit always, names and temperatures as one comes nearer. */
function underMarker(): ExpressionSpecification {
  const truck: ExpressionSpecification = ['==', ['get', 'kind'], 'truck'];
  const truckName: ExpressionSpecification = ['case', truck, ['get', 'near'], ['get', 'far']];
  const cabinetDegrees: ExpressionSpecification = ['case', truck, ['get', 'near'], ['get', 'degrees']];
  return [
    'step', ['zoom'], ['get', 'far'],
    namesFrom_zoom.truck, truckName,
    degreesFrom_zoom, cabinetDegrees,
    namesFrom_zoom.cabinet, ['get', 'near'],
  ];
}

function singleLayer(p: Palette, icon: object): LayerSpecification {
  return {
    id: 'asset', type: 'symbol', source: 'assets', filter: single,
    layout: {
      ...icon, 'icon-image': ['concat', ['get', 'kind'], '-', ['get', 'state']], 'symbol-sort-key': ['-', 0, ['get', 'rank']],
      'text-field': underMarker(), 'text-font': font, 'text-size': 11.5, 'text-anchor': 'top', 'text-offset': [0, 1.15],
      'text-max-width': 14, 'text-padding': 1, 'text-optional': true,
    },
    paint: {
      'icon-opacity': ['get', 'opacity'], 'text-halo-color': p.halo, 'text-halo-width': 1.75,
      'text-color': ['match', ['get', 'state'], 'alarm', p.state.alarm, p.label],
    },
  };
}

function clusterLayer(p: Palette, icon: object): LayerSpecification {
  return {
    id: 'cluster', type: 'symbol', source: 'assets', filter: grouped,
    layout: {
      ...icon, 'icon-image': clusterIcon(), 'symbol-sort-key': ['get', 'worst'], 'text-field': ['get', 'point_count'],
      'text-font': font, 'text-size': 13, 'text-allow-overlap': true, 'text-ignore-placement': true,
    },
    paint: { 'text-color': ['match', ['get', 'worst'], rank.offline, p.label, p.ink] },
  };
}

function assetLayers(p: Palette): LayerSpecification[] {
  const size: ExpressionSpecification = ['interpolate', ['linear'], ['zoom'], 7, 0.72, 10, 0.85, 14, 1];
  const icon = { 'icon-allow-overlap': true, 'icon-size': size, 'icon-padding': 0 };
  const alarmed: ExpressionSpecification = ['==', ['coalesce', ['get', 'worst'], ['get', 'rank']], rank.alarm];
  const glow = { 'circle-color': p.state.alarm, 'circle-opacity': 0.22, 'circle-radius': 22 };
  const ring = { 'circle-opacity': 0, 'circle-stroke-color': p.focus, 'circle-stroke-width': 3, 'circle-radius': 21 };
  return [
    { id: 'alarm-glow', type: 'circle', source: 'assets', filter: alarmed, paint: glow },
    { id: 'focus', type: 'circle', source: 'assets', filter: isAsset(null), paint: ring },
    singleLayer(p, icon),
    clusterLayer(p, icon),
  ];
}

export function buildStyle(palette: Palette): StyleSpecification {
  return {
    version: 8,
    sources: {
      villages: { type: 'geojson', data: none, promoteId: 'code' },
      counties: { type: 'geojson', data: none },
      'village-names': { type: 'geojson', data: none },
      'town-names': { type: 'geojson', data: none },
      'county-names': { type: 'geojson', data: none },
      assets: {
        type: 'geojson', data: none, maxzoom: 19, cluster: true, clusterRadius: 22, clusterMaxZoom: 18,
        clusterProperties: { worst: ['max', ['get', 'rank']] },
      },
    },
    layers: [...groundLayers(palette), ...nameLayers(palette), ...assetLayers(palette)],
  };
}

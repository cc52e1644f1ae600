/** The map itself, free of Preact: made once per colour scheme, fed with data, removed. */
import { Map as GlMap, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource, type MapMouseEvent } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { Asset } from '../shared/contract.ts';
import { areaNames, assetPoints, townNames, type Areas, type Points } from './features.ts';
import type { Ground, Village } from './ground.ts';
import { addMarkers } from './images.ts';
import type { Palette } from './palette.ts';
import { buildStyle, isAsset, namesFrom_zoom } from './style.ts';

setWorkerUrl(workerUrl);

export interface Camera {
  center: [number, number];
  zoom: number;
}

export interface MapEvents {
  picked(ids: readonly string[]): void;
  hovered(village: Village | null): void;
  ready(): void;
}

export interface FleetMap {
  map: GlMap;
  drawAssets(assets: Iterable<Asset>, now_ms: number): void;
  focus(id: string | null): void;
  drawGround(ground: Ground): void;
  fit(bounds: [number, number, number, number]): void;
  approach(asset: Asset): void;
  camera(): Camera;
  remove(): void;
}

const farthestZoom = 19.5;

function fill(map: GlMap, source: string, data: Points | Areas): void {
  void map.getSource<GeoJSONSource>(source)?.setData(data as Parameters<GeoJSONSource['setData']>[0]);
}

/** A click on a group zooms in until it falls apart; a group that never does is listed. */
async function openCluster(map: GlMap, cluster: { id: number; at: [number, number] }, events: MapEvents): Promise<void> {
  const source = map.getSource<GeoJSONSource>('assets');
  if (!source) return;
  const zoom = await source.getClusterExpansionZoom(cluster.id);
  if (zoom < farthestZoom) {
    map.easeTo({ center: cluster.at, zoom: zoom + 0.3 });
    return;
  }
  const members = await source.getClusterLeaves(cluster.id, 100, 0);
  events.picked(members.map((member) => String(member.properties?.['id'])));
}

function pick(map: GlMap, event: MapMouseEvent, events: MapEvents): void {
  const { x, y } = event.point;
  const hits = map.queryRenderedFeatures([[x - 5, y - 5], [x + 5, y + 5]], { layers: ['asset', 'cluster'] });
  const hit = hits[0];
  const id = hit?.properties['cluster_id'] as number | undefined;
  if (!hit) events.picked([]);
  else if (id === undefined) events.picked([String(hit.properties['id'])]);
  else if (hit.geometry.type === 'Point') void openCluster(map, { id, at: hit.geometry.coordinates as [number, number] }, events);
}

function followPointer(map: GlMap, events: MapEvents): void {
  let last: string | null = null;
  const mark = (code: string | null): void => {
    if (last !== null) map.setFeatureState({ source: 'villages', id: last }, { hovered: false });
    if (code !== null) map.setFeatureState({ source: 'villages', id: code }, { hovered: true });
    last = code;
  };
  map.on('mousemove', 'village', (event) => {
    const village = event.features?.[0]?.properties as Village | undefined;
    if (!village || village.code === last) return;
    mark(village.code);
    events.hovered(village);
  });
  map.on('mouseleave', 'village', () => {
    mark(null);
    events.hovered(null);
  });
  for (const layer of ['asset', 'cluster']) {
    map.on('mouseenter', layer, () => { map.getCanvas().style.cursor = 'pointer'; });
    map.on('mouseleave', layer, () => { map.getCanvas().style.cursor = ''; });
  }
}

function createGlMap(container: HTMLElement, palette: Palette, camera: Camera | null): GlMap {
  const start = camera ?? { center: [118.68, 28.9] as [number, number], zoom: 8.6 };
  return new GlMap({
    container, ...start, style: buildStyle(palette), attributionControl: false, maxZoom: farthestZoom, minZoom: 5,
    dragRotate: false, pitchWithRotate: false, touchPitch: false,
  });
}

function feeder(map: GlMap): Pick<FleetMap, 'drawAssets' | 'focus' | 'drawGround'> {
  return {
    drawAssets: (assets, now_ms) => fill(map, 'assets', assetPoints(assets, now_ms)),
    focus: (id) => void map.setFilter('focus', isAsset(id)),
    drawGround({ villages, counties }) {
      fill(map, 'villages', villages);
      fill(map, 'counties', counties);
      fill(map, 'village-names', areaNames(villages));
      fill(map, 'town-names', townNames(villages));
      fill(map, 'county-names', areaNames(counties));
    },
  };
}

/** Make the map in `container`; raises when the browser has no WebGL. */
export async function createFleetMap(
  container: HTMLElement,
  palette: Palette,
  given: { camera: Camera | null; events: MapEvents },
): Promise<FleetMap> {
  const map = createGlMap(container, palette, given.camera);
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl({ maxWidth: 90 }), 'bottom-right');
  await map.once('load');
  await addMarkers(map, palette);
  map.on('click', (event) => pick(map, event, given.events));
  followPointer(map, given.events);
  map.on('idle', () => given.events.ready());
  return {
    map,
    ...feeder(map),
    fit: (bounds) => void map.fitBounds(bounds, { padding: { top: 74, bottom: 84, left: 48, right: 48 }, maxZoom: 17.8, duration: 700 }),
    approach: (asset) => {
      const near = asset.kind === 'truck' ? namesFrom_zoom.truck + 0.4 : 17.2;
      const above_px = container.clientHeight < 520 ? -container.clientHeight / 4 : 0; // on a phone the card covers the lower half
      map.flyTo({ center: [asset.lon, asset.lat], zoom: Math.max(map.getZoom(), near), offset: [0, above_px], maxDuration: 1_200 });
    },
    camera: () => ({ center: map.getCenter().toArray(), zoom: map.getZoom() }),
    remove: () => map.remove(),
  };
}

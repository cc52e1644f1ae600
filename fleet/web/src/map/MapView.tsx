import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import 'maplibre-gl/dist/maplibre-gl.css';
import { now_ms } from '../ops/clock.ts';
import { t } from '../shared/language.ts';
import { scheme } from '../shared/scheme.ts';
import { assets, selected, view } from './assets.ts';
import { lookingBounds } from './bounds.ts';
import { createFleetMap, type Camera, type FleetMap } from './fleetMap.ts';
import { ground, hovered, loadGround } from './ground.ts';
import { palettes } from './palette.ts';
import './map.css';

type Mark = (ready: boolean) => void;

/** Make the map anew for the colour scheme in force, at the camera it had. */
function useFleetMap(box: { current: HTMLDivElement | null }, mark: Mark) {
  const made = useSignal<FleetMap | null>(null);
  const failed = useSignal(false);
  const camera = useRef<Camera | null>(null);
  useEffect(() => {
    let gone = false;
    const events = {
      picked: (ids: readonly string[]) => { selected.value = ids; },
      hovered: (village: typeof hovered.value) => { hovered.value = village; },
      ready: () => mark(ground.peek() !== null && assets.peek().size > 0),
    };
    createFleetMap(box.current!, palettes[scheme.value], { camera: camera.current, events }).then(
      (fleetMap) => { if (gone) fleetMap.remove(); else made.value = fleetMap; },
      (fault: unknown) => { failed.value = true; console.error('map', fault); },
    );
    return () => {
      gone = true;
      camera.current = made.peek()?.camera() ?? camera.current;
      made.peek()?.remove();
      made.value = null;
      mark(false);
    };
  }, [scheme.value]);
  return { made, failed };
}

function useFeeding(made: { value: FleetMap | null }): void {
  const done = useRef(0);
  useSignalEffect(() => {
    if (ground.value) made.value?.drawGround(ground.value);
  });
  useSignalEffect(() => {
    made.value?.drawAssets(assets.value.values(), now_ms.peek());
  });
  useSignalEffect(() => {
    const [one = null, ...more] = selected.value;
    made.value?.focus(more.length === 0 ? one : null);
  });
  useSignalEffect(() => {
    const wish = view.value;
    if (!made.value || !wish || wish.turn === done.current) return;
    done.current = wish.turn;
    if (wish.kind === 'place') made.value.fit(lookingBounds(wish.place, assets.peek().values()));
    const asset = wish.kind === 'asset' && assets.peek().get(wish.id);
    if (asset) made.value.approach(asset);
  });
}

export default function MapView() {
  const box = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const { made, failed } = useFleetMap(box, (ready) => frame.current?.setAttribute('data-ready', String(ready)));
  useFeeding(made);
  useEffect(() => void loadGround(), []);
  return (
    <div ref={frame} class="map" data-testid="map" data-ready="false">
      <div ref={box} class="map-box" role="region" aria-label={t.value.map.label} />
      {failed.value && <p class="map-failed" role="alert">{t.value.map.unavailable}</p>}
    </div>
  );
}

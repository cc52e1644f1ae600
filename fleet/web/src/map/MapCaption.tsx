import { t } from '../shared/language.ts';
import { placeId } from './assets.ts';
import { ground, groundProblem, hovered } from './ground.ts';

function hasPolygons(place: string | null): boolean {
  return place === 'quzhou'; // the only place whose villages are shipped
}

export function MapCaption() {
  const text = t.value.map;
  const village = hovered.value;
  if (village) {
    return (
      <p class="map-caption">
        {village.county} · {village.town} · <b>{village.name}</b> · {village.served ? text.served : text.unserved}
      </p>
    );
  }
  if (groundProblem.value) return <p class="map-caption" role="status">{text.loadFailed}</p>;
  if (!ground.value) return null;
  const words = hasPolygons(placeId.value) ? text.synthetic : text.noPolygons;
  return <p class="map-caption" title={words}>{words}</p>;
}

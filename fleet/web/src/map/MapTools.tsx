import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { alarmsBySite, assets, loadMap, lookAt, mapProblem, placeId, places, show } from './assets.ts';
import { findAsset, findText } from './find.ts';

/** How many devices of a place are in alarm: also what is out of sight must be seen. */
function AlarmCount({ site }: { site: string }) {
  const count = alarmsBySite.value.get(site) ?? 0;
  if (count === 0) return null;
  const words = t.value.map.alarms(count);
  return <span class="alarm-count number" role="img" aria-label={words} title={words}>{count}</span>;
}

function PlaceSwitch() {
  return (
    <div class="segments" role="group" aria-label={t.value.map.places}>
      {places.value.map((place) => (
        <button
          key={place.id}
          type="button"
          data-testid={`place-${place.id}`}
          aria-pressed={placeId.value === place.id}
          onClick={() => lookAt(place)}
        >
          {t.value.places[place.id as keyof typeof t.value.places] ?? place.name}
          <AlarmCount site={place.id} />
        </button>
      ))}
    </div>
  );
}

function Find() {
  const find = (event: Event): void => {
    event.preventDefault();
    const input = (event.currentTarget as HTMLElement).closest('form')!.querySelector('input')!;
    const asset = findAsset(assets.value.values(), input.value);
    if (!asset) return;
    input.value = '';
    show(asset.id);
  };
  return (
    <form class="find" role="search" onSubmit={find}>
      <input type="search" list="all-assets" aria-label={t.value.map.find} placeholder={t.value.map.findHint} />
      <datalist id="all-assets">
        {[...assets.value.values()].map((asset) => <option key={asset.id} value={findText(asset)} />)}
      </datalist>
    </form>
  );
}

export function MapTools() {
  return (
    <div class="map-tools">
      <PlaceSwitch />
      <Find />
      {mapProblem.value && <ProblemNote problem={mapProblem.value} retry={() => void loadMap()} />}
    </div>
  );
}

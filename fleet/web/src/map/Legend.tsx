import { computed } from '@preact/signals';
import type { AssetState } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { assets } from './assets.ts';
import { MapCaption } from './MapCaption.tsx';
import { Marker } from './Marker.tsx';

const order: readonly AssetState[] = ['ok', 'alarm', 'unknown', 'offline'];

const counts = computed(() => {
  const found: Record<AssetState, number> = { ok: 0, alarm: 0, unknown: 0, offline: 0 };
  for (const asset of assets.value.values()) found[asset.state] += 1;
  return found;
});

function States() {
  return (
    <ul class="legend-states">
      {order.map((state) => (
        <li key={state}>
          <Marker kind="truck" state={state} /><Marker kind="cabinet" state={state} />
          {t.value.state[state]} <b class="number" data-testid={`count-${state}`}>{counts.value[state]}</b>
        </li>
      ))}
    </ul>
  );
}

/** The bar under the map: what each marker means, how many there are, and what the borders are worth. */
export function Legend() {
  const text = t.value.legend;
  return (
    <footer class="legend" aria-label={text.title}>
      <States />
      <p class="legend-kinds" title={text.ageing}>○ {text.truck} □ {text.cabinet} ⬡ {text.cluster}</p>
      <MapCaption />
    </footer>
  );
}

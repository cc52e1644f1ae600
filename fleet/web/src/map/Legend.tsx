import { computed } from '@preact/signals';
import type { AssetState } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { assets } from './assets.ts';
import { Marker } from './Marker.tsx';

const order: readonly AssetState[] = ['ok', 'alarm', 'unknown', 'offline'];

const counts = computed(() => {
  const found: Record<AssetState, number> = { ok: 0, alarm: 0, unknown: 0, offline: 0 };
  for (const asset of assets.value.values()) found[asset.state] += 1;
  return found;
});

export function Legend() {
  const text = t.value.legend;
  return (
    <details class="legend" open={innerWidth > 760}>
      <summary>{text.title}</summary>
      <ul>
        {order.map((state) => (
          <li key={state}><Marker kind="truck" state={state} /><Marker kind="cabinet" state={state} />{t.value.state[state]}<b class="number" data-testid={`count-${state}`}>{counts.value[state]}</b></li>
        ))}
      </ul>
      <p class="legend-kinds"><span>○ {text.truck}</span><span>□ {text.cabinet}</span><span>⬡ {text.cluster}</span></p>
      <p class="legend-note">{text.ageing}</p>
    </details>
  );
}

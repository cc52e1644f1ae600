import { lazy, Suspense } from 'preact/compat';
import { useEffect } from 'preact/hooks';
import { IncidentRail } from '../incidents/IncidentRail.tsx';
import { AssetCard } from '../map/AssetCard.tsx';
import { Legend } from '../map/Legend.tsx';
import { MapTools } from '../map/MapTools.tsx';
import { loadMap } from '../map/assets.ts';
import { t } from '../shared/language.ts';
import { clockTime } from '../shared/time.ts';
import { now_ms, tick } from './clock.ts';
import { FlowStrip } from './FlowStrip.tsx';
import { Header } from './Header.tsx';
import { askHealth } from './health.ts';
import { HealthProblems } from './HealthStrip.tsx';
import { follow, link } from './live.ts';
import './ops.css';

const MapView = lazy(() => import('../map/MapView.tsx'));
const health_ms = 5_000;

function LinkLost() {
  if (link.value !== 'lost') return null;
  return <p class="link-lost" role="alert">{t.value.header.linkLostSince(clockTime(now_ms.value))}</p>;
}

/** Start what keeps the page current; gives the function that stops it all. */
function keepCurrent(): () => void {
  void loadMap();
  void askHealth();
  const stop = follow();
  const seconds = setInterval(() => {
    if (link.value === 'live') tick(); // a lost link stops the clock: durations must not run on
  }, 1_000);
  const checks = setInterval(() => void askHealth(), health_ms);
  return () => {
    stop();
    clearInterval(seconds);
    clearInterval(checks);
  };
}

export function OpsPage() {
  useEffect(keepCurrent, []);
  return (
    <div class="ops">
      <Header />
      <HealthProblems />
      <LinkLost />
      <main class="ops-main">
        <section class="stage" aria-label={t.value.map.label} data-stale={link.value === 'lost'}>
          <Suspense fallback={<p class="stage-wait">{t.value.loading}</p>}><MapView /></Suspense>
          <MapTools />
          <AssetCard />
          <Legend />
        </section>
        <IncidentRail />
      </main>
      <FlowStrip />
    </div>
  );
}

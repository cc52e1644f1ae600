import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Frame } from '../account/Frame.tsx';
import { useWork } from '../account/working.ts';
import { hazardName } from '../incidents/wording.ts';
import { get } from '../shared/api.ts';
import type { Quality, QualityReport } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { figureRows } from './figures.ts';
import './quality.css';

const periods_h = [8, 24, 168, 720] as const;

function Figures({ quality }: { quality: Quality }) {
  return (
    <dl class="figures">
      {figureRows(quality, t.value).map(({ name, label, value, good }) => (
        <div key={name} data-figure={name} data-good={good}>
          <dt>{label}</dt>
          <dd class="number">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Top({ quality }: { quality: Quality }) {
  if (quality.top.length === 0) return null;
  return (
    <>
      <h3>{t.value.quality.top}</h3>
      <ol class="top">
        {quality.top.map((one) => (
          <li key={`${one.asset}/${one.zone}/${one.hazard}`}>
            <span>{one.asset} · {t.value.card.zone(one.zone)} · {hazardName(one.hazard, t.value)}</span>
            <b class="number">{one.count}</b>
          </li>
        ))}
      </ol>
    </>
  );
}

export function QualityPage() {
  const hours = useSignal<number>(24);
  const report = useSignal<QualityReport | null>(null);
  const { problem, run } = useWork();
  const load = (wanted: number): Promise<void> => run(async () => {
    hours.value = wanted;
    report.value = await get<QualityReport>('/api/alarm-quality', { hours: wanted });
  });
  useEffect(() => void load(24), []);
  const text = t.value.quality;
  const told = report.value;
  const places: Readonly<Record<string, string>> = t.value.places;
  return (
    <Frame heading={text.heading}>
      <div class="segments" role="group" aria-label={text.period}>
        {periods_h.map((each) => (
          <button key={each} type="button" aria-pressed={hours.value === each} onClick={() => void load(each)}>{text.hours(each)}</button>
        ))}
      </div>
      {problem.value && <ProblemNote problem={problem.value} retry={() => void load(hours.value)} />}
      {told && <section data-testid="quality"><h2>{text.all}</h2><Figures quality={told.overall} /><Top quality={told.overall} /></section>}
      {told && Object.entries(told.operators).length > 1 && Object.entries(told.operators).map(([name, quality]) => (
        <section key={name} data-operator={name}><h2>{text.operator(places[name] ?? name)}</h2><Figures quality={quality} /></section>
      ))}
      <p class="quality-hint">{text.hint}</p>
    </Frame>
  );
}

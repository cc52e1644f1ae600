import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import 'uplot/dist/uPlot.min.css';
import { now_ms } from '../ops/clock.ts';
import { get } from '../shared/api.ts';
import type { Incident, Readings } from '../shared/contract.ts';
import { language, t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { asProblem, type Problem } from '../shared/problem.ts';
import { scheme } from '../shared/scheme.ts';
import { drawStrip } from './chart.ts';
import { stripColumns, stripSpan, type StripColumns, type StripSpan } from './strip.ts';

const renew_ms = 5_000;

interface Told {
  columns: StripColumns;
  span: StripSpan;
}

async function fetchStrip(incident: Incident): Promise<Told> {
  const span = stripSpan(incident, now_ms.peek());
  const path = `/api/assets/${encodeURIComponent(incident.asset)}/readings`;
  const told = await get<Readings>(path, { metric: `zone_${incident.zone}_celsius`, ...span });
  return { columns: stripColumns(told.windows, span.every_ms), span };
}

function Chart({ incident, told }: { incident: Incident; told: Told }) {
  const box = useRef<HTMLDivElement>(null);
  const words = t.value.strip;
  useEffect(() => drawStrip(box.current!, told.columns, {
    limit_celsius: incident.limit_celsius,
    begin_ms: incident.begin_ms,
    end_ms: incident.end_ms,
    span_ms: [told.span.start_ms, told.span.end_ms],
    words: { limit: words.limitLine, begin: words.begin, end: words.end },
  }), [told, language.value, scheme.value]);
  return <div ref={box} class="strip" role="img" aria-label={words.label(t.value.card.zone(incident.zone))} data-testid="strip" />;
}

/** The temperature of the zone around the incident; renewed while it lasts. */
export default function TemperatureStrip({ incident }: { incident: Incident }) {
  const told = useSignal<Told | null>(null);
  const problem = useSignal<Problem | null>(null);
  const lasting = incident.end_ms === null;
  const load = (): void => void fetchStrip(incident).then(
    (fresh) => { told.value = fresh; problem.value = null; },
    (fault: unknown) => { problem.value = asProblem(fault); },
  );
  useEffect(() => {
    load();
    const timer = lasting ? setInterval(load, renew_ms) : 0;
    return () => clearInterval(timer);
  }, [incident.id, lasting]);
  const strip = told.value;
  const empty = strip?.columns.at_s.length === 0;
  return (
    <section>
      <h3 class="section-title">{t.value.strip.title}</h3>
      {problem.value && <ProblemNote problem={problem.value} retry={load} />}
      {empty && <p class="rail-wait">{t.value.strip.empty}</p>}
      {strip && !empty && <Chart incident={incident} told={strip} />}
    </section>
  );
}

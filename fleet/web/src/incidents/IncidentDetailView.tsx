import { useSignal, useSignalEffect } from '@preact/signals';
import { lazy, Suspense } from 'preact/compat';
import { useEffect } from 'preact/hooks';
import { show } from '../map/assets.ts';
import { PolicyLink } from '../policies/PolicyLink.tsx';
import { mayAcknowledge } from '../session/session.ts';
import type { IncidentDetail } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { incidentHref } from '../shared/route.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { asProblem, type Problem } from '../shared/problem.ts';
import { Acknowledge } from './AcknowledgeForm.tsx';
import { EventList } from './EventList.tsx';
import { Acknowledged, Advice, Chips, Goods, PeakAndLimit, Span } from './IncidentFacts.tsx';
import { fetchIncident, version } from './incidents.ts';
import { Steps } from './Steps.tsx';
import { hazardName, mayBeAcknowledged } from './wording.ts';

const TemperatureStrip = lazy(() => import('./TemperatureStrip.tsx'));

function Body({ incident }: { incident: IncidentDetail }) {
  const text = t.value.incidents;
  return (
    <article
      class="incident detail"
      data-testid="incident-detail"
      data-incident-id={incident.id}
      data-condition={incident.condition}
    >
      <header>
        <h2>{incident.asset_name}</h2>
        <p>
          <span class="incident-hazard">{hazardName(incident.hazard, t.value)}</span> · {t.value.card.zone(incident.zone)} · {incident.asset}
        </p>
      </header>
      <Advice incident={incident} />
      <PeakAndLimit incident={incident} />
      <Span incident={incident} />
      <Chips incident={incident} />
      {incident.merged_into && <a href={incidentHref(incident.merged_into)}>{text.merged}</a>}
      <Acknowledged incident={incident} />
      <Goods incident={incident} />
      <div class="detail-actions">
        {mayBeAcknowledged(incident) && mayAcknowledge.value && <Acknowledge incident={incident} />}
        <Steps incident={incident} />
        <button type="button" class="button" onClick={() => show(incident.asset)}>{text.showOnMap}</button>
      </div>
      {incident.zone > 0 && <Suspense fallback={<p class="rail-wait">{t.value.loading}</p>}><TemperatureStrip incident={incident} /></Suspense>}
      <PolicyLink incident={incident} />
      <EventList events={incident.events} />
    </article>
  );
}

export function IncidentDetailView({ id }: { id: string }) {
  const told = useSignal<IncidentDetail | null>(null);
  const problem = useSignal<Problem | null>(null);
  const subject = told.value?.asset;
  useEffect(() => {
    if (subject) show(subject);
  }, [subject]);
  useSignalEffect(() => {
    void version.value; // ask again whenever the list changed
    fetchIncident(id).then(
      (incident) => { told.value = incident; problem.value = null; },
      (fault: unknown) => { problem.value = asProblem(fault); },
    );
  });
  return (
    <>
      <div class="rail-head"><a class="button quiet back" href="#/">← {t.value.incidents.back}</a></div>
      {problem.value && <ProblemNote problem={problem.value} />}
      {told.value ? <Body incident={told.value} /> : !problem.value && <p class="rail-wait">{t.value.loading}</p>}
    </>
  );
}

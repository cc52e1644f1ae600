import { mayAcknowledge } from '../session/session.ts';
import type { Incident } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { incidentHref } from '../shared/route.ts';
import { Acknowledge } from './AcknowledgeForm.tsx';
import { Acknowledged, Chips, PeakAndLimit, Span } from './IncidentFacts.tsx';
import { hazardName, mayBeAcknowledged } from './wording.ts';

export function IncidentRow({ incident }: { incident: Incident }) {
  return (
    <li
      class="incident"
      data-testid="incident-row"
      data-incident-id={incident.id}
      data-condition={incident.condition}
      data-workflow={incident.workflow}
    >
      <a class="incident-head" href={incidentHref(incident.id)}>
        <h3>{incident.asset_name}</h3>
        <span class="incident-zone">{t.value.card.zone(incident.zone)}</span>
        <span class="incident-hazard">{hazardName(incident.hazard, t.value)}</span>
      </a>
      <div class="incident-body">
        <PeakAndLimit incident={incident} />
        <Span incident={incident} />
        <Chips incident={incident} />
        <Acknowledged incident={incident} />
      </div>
      {mayBeAcknowledged(incident) && mayAcknowledge.value && <Acknowledge incident={incident} />}
    </li>
  );
}

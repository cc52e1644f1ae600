import { mayAcknowledge } from '../session/session.ts';
import type { Incident } from '../shared/contract.ts';
import { Acknowledge } from './AcknowledgeForm.tsx';
import { Summary } from './IncidentFacts.tsx';
import { mayBeAcknowledged } from './wording.ts';

export function IncidentRow({ incident }: { incident: Incident }) {
  return (
    <li
      class="incident"
      data-testid="incident-row"
      data-incident-id={incident.id}
      data-condition={incident.condition}
      data-workflow={incident.workflow}
    >
      <Summary incident={incident} />
      {mayBeAcknowledged(incident) && mayAcknowledge.value && <Acknowledge incident={incident} />}
    </li>
  );
}

import { t } from '../shared/language.ts';
import { openIncident } from '../shared/route.ts';
import { IncidentDetailView } from './IncidentDetailView.tsx';
import { IncidentList } from './IncidentList.tsx';
import { announced } from './incidents.ts';
import './incidents.css';

export function IncidentRail() {
  const id = openIncident.value;
  return (
    <aside class="rail" aria-label={t.value.incidents.heading}>
      {id === null ? <IncidentList /> : <IncidentDetailView key={id} id={id} />}
      <p class="visually-hidden" role="status">{announced.value && t.value.acknowledge.done(announced.value.asset_name)}</p>
    </aside>
  );
}

import { mayAcknowledge } from '../session/session.ts';
import { t } from '../shared/language.ts';
import { pages } from '../shared/route.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { IncidentRow } from './IncidentRow.tsx';
import { choose, listProblem, loadEarlier, nextPage, refreshIncidents, scope, shown, unacked } from './incidents.ts';

function ListHead() {
  const text = t.value.incidents;
  return (
    <div class="rail-head">
      <h2>{text.heading}</h2>
      {unacked.value > 0 && <span class="chip" data-tone="alarm">{text.unacked(unacked.value)}</span>}
      <a class="to-inbox" href={pages.inbox} data-testid="rail-to-inbox">{t.value.inbox.heading}</a>
      <div class="segments">
        {(['open', 'all'] as const).map((name) => (
          <button key={name} type="button" aria-pressed={scope.value === name} onClick={() => choose(name)}>{text[name]}</button>
        ))}
      </div>
    </div>
  );
}

function Empty() {
  const text = t.value.incidents;
  return (
    <div class="empty">
      <span class="empty-mark" aria-hidden="true">✓</span>
      <p>{scope.value === 'open' ? text.empty : text.emptyAll}</p>
      {scope.value === 'open' && <p class="empty-hint">{text.emptyHint}</p>}
    </div>
  );
}

function Rows() {
  const rows = shown.value;
  if (!rows) return listProblem.value ? null : <p class="rail-wait">{t.value.loading}</p>;
  if (rows.length === 0) return <Empty />;
  return <ul class="incidents">{rows.map((incident) => <IncidentRow key={incident.id} incident={incident} />)}</ul>;
}

export function IncidentList() {
  return (
    <>
      <ListHead />
      {listProblem.value && <ProblemNote problem={listProblem.value} retry={() => void refreshIncidents()} />}
      {!mayAcknowledge.value && <p class="rail-note">{t.value.incidents.readOnly}</p>}
      <Rows />
      {nextPage.value && <button type="button" class="button more" onClick={() => void loadEarlier()}>{t.value.incidents.more}</button>}
    </>
  );
}

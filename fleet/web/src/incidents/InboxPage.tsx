import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Frame } from '../account/Frame.tsx';
import { may } from '../session/session.ts';
import { queues, type Incident } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { Summary } from './IncidentFacts.tsx';
import { chosen, inbox, inboxProblem, loadMore, look, nextPage, queue, refreshInbox, refused, rows, site, takeAll, toggle, toggleAll } from './inbox.ts';
import { StepDialog } from './StepDialog.tsx';
import { AcknowledgeFields, ShelfFields } from './StepForms.tsx';
import type { BulkKind } from './steps.ts';
import './incidents.css';

const every_ms = 5_000;

function Filters() {
  const text = t.value.inbox;
  const told = inbox.value;
  const places: Readonly<Record<string, string>> = t.value.places;
  return (
    <div class="inbox-filters">
      <div class="queues" role="group" aria-label={text.heading}>
        {queues.map((name) => (
          <button key={name} type="button" class="button small" data-queue={name} aria-pressed={queue.value === name} onClick={() => look({ queue: name })}>
            {text.queues[name]} <b class="number">{told?.counts[name] ?? 0}</b>
          </button>
        ))}
      </div>
      {told && told.sites.length > 1 && (
        <select class="site" aria-label={text.site} data-testid="inbox-site" onChange={(event) => look({ site: event.currentTarget.value || null })}>
          <option value="">{text.everywhere}</option>
          {told.sites.map((name) => <option key={name} value={name} selected={name === site.value}>{places[name] ?? name}</option>)}
        </select>
      )}
    </div>
  );
}

function Row({ incident, selectable }: { incident: Incident; selectable: boolean }) {
  return (
    <li class="inbox-row" data-testid="inbox-row" data-incident-id={incident.id}>
      {selectable && (
        <label class="tick">
          <input type="checkbox" checked={chosen.value.has(incident.id)} onChange={() => toggle(incident.id)} aria-label={incident.asset_name} />
        </label>
      )}
      <div class="incident" data-condition={incident.condition} data-workflow={incident.workflow}>
        <Summary incident={incident} />
      </div>
    </li>
  );
}

function BulkBar({ ask }: { ask: (kind: BulkKind) => void }) {
  const text = t.value.inbox;
  const count = chosen.value.size;
  return (
    <div class="bulk" role="toolbar" aria-label={text.selected(count)}>
      <label class="tick all">
        <input type="checkbox" data-testid="select-all" checked={count > 0 && count === rows.value.length} onChange={toggleAll} />
        {count > 0 ? text.selected(count) : text.selectAll}
      </label>
      <button type="button" class="button primary" disabled={count === 0} data-testid="bulk-acknowledge" onClick={() => ask('acknowledge')}>{t.value.acknowledge.open}</button>
      {may('shelve') && (
        <button type="button" class="button" disabled={count === 0} data-testid="bulk-shelve" onClick={() => ask('shelve')}>{t.value.steps.names.shelve}</button>
      )}
    </div>
  );
}

function Refused() {
  if (refused.value.length === 0) return null;
  return (
    <div class="problem" role="alert" data-testid="bulk-refused">
      <strong>{t.value.inbox.refused(refused.value.length)}</strong>
      {refused.value.map(({ name, detail }) => <small key={name}>{name}: <span lang="en">{detail}</span></small>)}
    </div>
  );
}

function BulkDialog({ kind, close }: { kind: BulkKind; close: () => void }) {
  const names = { acknowledge: t.value.acknowledge.open, shelve: t.value.steps.names.shelve };
  return (
    <StepDialog heading={`${names[kind]} · ${t.value.inbox.selected(chosen.value.size)}`} send={(fields, key) => takeAll(kind, fields, key)} close={close}>
      {kind === 'shelve' ? <ShelfFields /> : <AcknowledgeFields />}
    </StepDialog>
  );
}

export function InboxPage() {
  const bulk = useSignal<BulkKind | null>(null);
  useEffect(() => {
    void refreshInbox();
    const timer = setInterval(() => void refreshInbox(), every_ms);
    return () => clearInterval(timer);
  }, []);
  const selectable = may('acknowledge');
  const text = t.value.inbox;
  return (
    <Frame heading={text.heading}>
      <Filters />
      {inboxProblem.value && <ProblemNote problem={inboxProblem.value} retry={() => void refreshInbox()} />}
      <Refused />
      {selectable && rows.value.length > 0 && <BulkBar ask={(kind) => { bulk.value = kind; }} />}
      {inbox.value && rows.value.length === 0 && <p class="inbox-empty" role="status">{text.empty}</p>}
      <ul class="inbox">
        {rows.value.map((incident) => <Row key={incident.id} incident={incident} selectable={selectable} />)}
      </ul>
      {nextPage.value && <button type="button" class="button more" onClick={() => void loadMore()}>{t.value.incidents.more}</button>}
      {bulk.value && <BulkDialog kind={bulk.value} close={() => { bulk.value = null; }} />}
    </Frame>
  );
}

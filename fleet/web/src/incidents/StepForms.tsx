/** What each step asks for; the names of the fields are those `steps.ts` reads. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { get } from '../shared/api.ts';
import type { Incident } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { decisions, shelfHours, type BulkKind, type StepKind } from './steps.ts';

const longestNote = 500;
const longestName = 80;

function Text({ name, label, required = false }: { name: string; label: string; required?: boolean }) {
  return <label class="field">{label}<textarea name={name} rows={2} maxLength={longestNote} required={required} /></label>;
}

function Line({ name, label, required = false }: { name: string; label: string; required?: boolean }) {
  return <label class="field">{label}<input name={name} maxLength={longestName} required={required} autocomplete="off" /></label>;
}

function Assignees({ incident }: { incident: Incident }) {
  const names = useSignal<readonly string[]>(incident.assignee ? [incident.assignee] : []);
  useEffect(() => {
    get<{ items: string[] }>(`/api/incidents/${encodeURIComponent(incident.id)}/assignees`).then(
      ({ items }) => { names.value = items; },
      () => undefined, // the list stays short; sending says what is wrong
    );
  }, []);
  return (
    <label class="field">
      {t.value.steps.to}
      <select name="to" defaultValue={incident.assignee ?? ''}>
        <option value="">{t.value.steps.nobody}</option>
        {names.value.map((name) => <option key={name} value={name} selected={name === incident.assignee}>{name}</option>)}
      </select>
    </label>
  );
}

export function ShelfFields() {
  const text = t.value.steps;
  return (
    <>
      <label class="field">
        {text.howLong}
        <select name="hours" defaultValue="2">
          {shelfHours.map((hours) => <option key={hours} value={hours} selected={hours === 2}>{text.hours(hours)}</option>)}
        </select>
      </label>
      <Text name="reason" label={text.reason} required />
    </>
  );
}

export function AcknowledgeFields() {
  const text = t.value.steps;
  return (
    <>
      <Text name="note" label={t.value.acknowledge.note} />
      <label class="field">{text.eta}<input name="eta_minutes" type="number" inputMode="numeric" min={0} max={10_080} /></label>
    </>
  );
}

function Disposition({ incident }: { incident: Incident }) {
  const text = t.value.steps;
  const over = incident.end_ms !== null;
  return (
    <>
      <fieldset class="choices">
        <legend>{text.decision}</legend>
        {decisions.map((decision) => (
          <label key={decision}>
            <input type="radio" name="decision" value={decision} required disabled={decision === 'release' && !over} />
            <span>{text.decisions[decision]}<small>{text.meaning[decision]}</small></span>
          </label>
        ))}
      </fieldset>
      <Line name="lot" label={text.lot} />
      <Text name="note" label={text.grounds} />
      {over && <label class="check"><input type="checkbox" name="close" disabled={incident.workflow !== 'acked'} />{text.andClose}</label>}
    </>
  );
}

const forms: Readonly<Record<StepKind | BulkKind, (incident: Incident) => ComponentChildren>> = {
  acknowledge: () => <AcknowledgeFields />,
  assign: (incident) => <Assignees incident={incident} />,
  comment: () => <Text name="text" label={t.value.steps.comment} required />,
  shelve: () => <ShelfFields />,
  unshelve: () => null,
  outOfService: () => <><Line name="work_order" label={t.value.steps.workOrder} required /><Text name="note" label={t.value.steps.note} /></>,
  return: () => <Text name="note" label={t.value.steps.note} />,
  dispose: (incident) => <Disposition incident={incident} />,
  saleUnlock: () => <Text name="note" label={t.value.steps.repaired} required />,
  close: () => <Text name="note" label={t.value.steps.note} />,
};

export function StepFields({ kind, incident }: { kind: StepKind | BulkKind; incident: Incident }) {
  return <>{forms[kind](incident)}</>;
}

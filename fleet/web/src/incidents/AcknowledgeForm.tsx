import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Incident } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { asProblem, type Problem } from '../shared/problem.ts';
import { acknowledge } from './incidents.ts';

const longestNote = 500;
const longestEta_minutes = 10_080;

function NoteForm({ incident, close }: { incident: Incident; close: () => void }) {
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const note = useRef<HTMLTextAreaElement>(null);
  const eta = useRef<HTMLInputElement>(null);
  useEffect(() => note.current?.focus(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    problem.value = null;
    try {
      await acknowledge(incident.id, { note: note.current?.value ?? '', eta_minutes: eta.current?.value ?? '' });
      close();
    } catch (fault) {
      problem.value = asProblem(fault);
      busy.value = false;
    }
  };
  const text = t.value.acknowledge;
  return (
    <form class="ack-form" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && close()}>
      <label class="field">
        {text.note}
        <textarea ref={note} data-testid="ack-note" rows={2} maxLength={longestNote} placeholder={text.placeholder} />
      </label>
      <label class="field">
        {t.value.steps.eta}
        <input ref={eta} data-testid="ack-eta" type="number" inputMode="numeric" min={0} max={longestEta_minutes} />
      </label>
      {problem.value && <ProblemNote problem={problem.value} />}
      <div class="ack-buttons">
        <button class="button primary" data-testid="ack-submit" disabled={busy.value}>{busy.value ? text.sending : text.submit}</button>
        <button type="button" class="button" onClick={close}>{t.value.cancel}</button>
      </div>
    </form>
  );
}

/** The button, and the small form it opens. */
export function Acknowledge({ incident }: { incident: Incident }) {
  const open = useSignal(false);
  if (open.value) return <NoteForm incident={incident} close={() => { open.value = false; }} />;
  return (
    <button type="button" class="button primary ack-open" data-testid="ack-open" onClick={() => { open.value = true; }}>
      {t.value.acknowledge.open}
    </button>
  );
}

/** One dialog for every step: a native one, so that focus and Escape are the browser's. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { fieldsOf } from '../account/fields.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { asProblem, type Problem } from '../shared/problem.ts';
import { newKey, type Fields } from './steps.ts';

interface Props {
  heading: string;
  hint?: string;
  /** Send it; a key made for this dialog keeps a second try from doing it twice. */
  send: (fields: Fields, key: string) => Promise<void>;
  close: () => void;
  children: ComponentChildren;
}

export function StepDialog({ heading, hint = '', send, close, children }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const key = useMemo(newKey, []);
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  useEffect(() => box.current?.showModal(), []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    const fields = fieldsOf(event);
    busy.value = true;
    problem.value = null;
    try {
      await send(fields, key);
      close();
    } catch (fault) {
      problem.value = asProblem(fault);
      busy.value = false;
    }
  };
  return (
    <dialog class="step" ref={box} onClose={close} data-testid="step-dialog">
      <form onSubmit={(event) => void submit(event)}>
        <h2>{heading}</h2>
        {hint && <p class="step-hint">{hint}</p>}
        {children}
        {problem.value && <ProblemNote problem={problem.value} />}
        <div class="ack-buttons">
          <button class="button primary" data-testid="step-submit" disabled={busy.value}>{busy.value ? t.value.acknowledge.sending : t.value.steps.submit}</button>
          <button type="button" class="button" onClick={close}>{t.value.cancel}</button>
        </div>
      </form>
    </dialog>
  );
}

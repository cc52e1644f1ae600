import { useSignal } from '@preact/signals';
import { now_ms } from '../ops/clock.ts';
import { may } from '../session/session.ts';
import type { Incident } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { takeStep } from './incidents.ts';
import { StepDialog } from './StepDialog.tsx';
import { StepFields } from './StepForms.tsx';
import { possibleSteps, type StepKind } from './steps.ts';

/** The buttons of what may be done now, and the dialog that the pressed one opens. */
export function Steps({ incident }: { incident: Incident }) {
  const open = useSignal<StepKind | null>(null);
  const kind = open.value;
  const text = t.value.steps;
  const close = (): void => { open.value = null; };
  return (
    <>
      {possibleSteps(incident, may, now_ms.value).map((step) => (
        <button key={step} type="button" class="button" data-step={step} onClick={() => { open.value = step; }}>{text.names[step]}</button>
      ))}
      {kind && (
        <StepDialog
          heading={`${text.names[kind]} · ${incident.asset_name}`}
          hint={text.hints[kind]}
          send={(fields, key) => takeStep(incident.id, kind, { fields, key })}
          close={close}
        >
          <StepFields kind={kind} incident={incident} />
        </StepDialog>
      )}
    </>
  );
}

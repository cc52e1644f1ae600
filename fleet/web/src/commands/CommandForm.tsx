import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Asset, CommandName } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { asProblem, type Problem } from '../shared/problem.ts';
import { request } from './commands.ts';
import { wishFrom } from './wording.ts';

const trays = [1, 2, 3, 4, 5, 6, 7, 8];
const shortestReason = 4;

function Fields({ asset, name }: { asset: Asset; name: CommandName }) {
  const text = t.value.commands;
  switch (name) {
    case 'unlock': return null;
    case 'sale_lock': return (
      <label class="field">{text.names.sale_lock}
        <select name="locked"><option value="yes">{text.locked.yes}</option><option value="no">{text.locked.no}</option></select>
      </label>
    );
    case 'setpoint': return (
      <>
        <label class="field">{text.zone}
          <select name="zone">{asset.zones.map(({ zone }) => <option key={zone} value={zone}>{zone}</option>)}</select>
        </label>
        <label class="field">{text.celsius}<input name="celsius" type="number" step="0.1" min={-30} max={25} required /></label>
      </>
    );
    case 'price': return (
      <>
        <label class="field">{text.tray}<select name="tray">{trays.map((n) => <option key={n} value={n}>{n}</option>)}</select></label>
        <label class="field">{text.price}<input name="price" type="number" step="0.01" min={0.01} max={10_000} required /></label>
      </>
    );
    case 'voice': return <label class="field">{text.text}<input name="text" maxLength={120} required /></label>;
  }
}

/** A modal dialog for one command: its fields, and why. */
export function CommandForm({ asset, name, close }: { asset: Asset; name: CommandName; close: () => void }) {
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as Record<string, string>;
    busy.value = true;
    problem.value = null;
    try {
      await request(asset.id, wishFrom(name, fields));
      close();
    } catch (fault) {
      problem.value = asProblem(fault);
      busy.value = false;
    }
  };
  const text = t.value.commands;
  const must = name === 'unlock';
  return (
    <dialog ref={dialog} class="command-dialog" onClose={close} aria-labelledby="command-title">
      <form class="command-form" onSubmit={submit}>
        <h3 id="command-title">{text.names[name]} · {asset.name}</h3>
        <Fields asset={asset} name={name} />
        <label class="field">{text.reason}
          <input name="reason" data-testid="command-reason" minLength={must ? shortestReason : 0} maxLength={200} required={must} placeholder={text.reasonHint} />
        </label>
        <p class="card-none">{text.inHalfAMinute}</p>
        {problem.value && <ProblemNote problem={problem.value} />}
        <div class="ack-buttons">
          <button class="button primary" data-testid="command-submit" disabled={busy.value}>{busy.value ? text.sending : text.submit}</button>
          <button type="button" class="button" onClick={close}>{t.value.cancel}</button>
        </div>
      </form>
    </dialog>
  );
}

import { useSignal } from '@preact/signals';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { asProblem, type Problem } from '../shared/problem.ts';
import { pages } from '../shared/route.ts';
import { changePassword, may, mayAudit, session, signOut } from './session.ts';

export function PasswordForm() {
  const problem = useSignal<Problem | null>(null);
  const changed = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const entries = new FormData(form);
    problem.value = null;
    changed.value = false;
    try {
      await changePassword(String(entries.get('old')), String(entries.get('new')));
      changed.value = true;
      form.reset();
    } catch (fault) {
      problem.value = asProblem(fault);
    }
  };
  const text = t.value.account;
  return (
    <form onSubmit={submit}>
      <h3>{text.changePassword}</h3>
      <label class="field">
        {text.oldPassword}
        <input name="old" type="password" autocomplete="current-password" required />
      </label>
      <label class="field">
        {text.newPassword}
        <input name="new" type="password" autocomplete="new-password" minLength={12} maxLength={128} required />
      </label>
      {problem.value && <ProblemNote problem={problem.value} meanings={{ 401: text.wrongOld }} />}
      {changed.value && <p role="status">{text.changed}</p>}
      <button class="button">{text.save}</button>
    </form>
  );
}

export function AccountMenu() {
  const info = session.value;
  if (!info) return null;
  const text = t.value.account;
  return (
    <details class="account">
      <summary aria-label={text.menu(info.user)}>
        <strong>{info.user}</strong>
        <span class="account-role">{text.roles[info.role]}</span>
      </summary>
      <div class="account-sheet">
        <a class="button" href={pages.inbox} data-testid="to-inbox">{t.value.inbox.heading}</a>
        <a class="button" href={pages.quality} data-testid="to-quality">{t.value.quality.heading}</a>
        <a class="button" href={pages.policies} data-testid="to-policies">{t.value.policies.page}</a>
        <a class="button" href={pages.account} data-testid="to-account">{text.page}</a>
        {may('people') && <a class="button" href={pages.people} data-testid="to-people">{text.people}</a>}
        {mayAudit.value && <a class="button" href={pages.audit} data-testid="to-audit">{t.value.audit.page}</a>}
        <button type="button" class="button" data-testid="sign-out" onClick={() => void signOut()}>{text.signOut}</button>
      </div>
    </details>
  );
}

import { useSignal } from '@preact/signals';
import { t } from '../shared/language.ts';
import { LanguageSwitch } from '../shared/LanguageSwitch.tsx';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { asProblem, type Problem } from '../shared/problem.ts';
import { ProviderLink } from './ProviderLink.tsx';
import { expired, signIn } from './session.ts';
import './session.css';

function SignInForm() {
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const entries = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    problem.value = null;
    await signIn(String(entries.get('user')).trim(), String(entries.get('password'))).catch((fault: unknown) => {
      problem.value = asProblem(fault);
    });
    busy.value = false;
  };
  return (
    <form class="sign-in-form" onSubmit={submit}>
      <label class="field">
        {t.value.signIn.user}
        <input name="user" data-testid="login-user" autocomplete="username" autocapitalize="none" required />
      </label>
      <label class="field">
        {t.value.signIn.password}
        <input name="password" data-testid="login-password" type="password" autocomplete="current-password" required />
      </label>
      {problem.value && <ProblemNote problem={problem.value} meanings={{ 401: t.value.signIn.wrong }} />}
      <button class="button primary" data-testid="login-submit" disabled={busy.value}>{t.value.signIn.submit}</button>
      <p class="sign-in-hint">{t.value.signIn.hint}</p>
    </form>
  );
}

export function SignIn() {
  return (
    <main class="sign-in">
      <section class="sign-in-card" aria-labelledby="sign-in-heading">
        <header class="sign-in-brand">
          <img src="/icon.svg" alt="" width="52" height="52" />
          <div>
            <p class="sign-in-name">{t.value.title}</p>
            <p>{t.value.signIn.intro}</p>
          </div>
        </header>
        <h1 id="sign-in-heading">{t.value.signIn.heading}</h1>
        {expired.value && <p class="sign-in-expired" role="status">{t.value.signIn.expired}</p>}
        <SignInForm />
        <ProviderLink />
      </section>
      <LanguageSwitch />
    </main>
  );
}

import { PasswordForm } from '../session/AccountMenu.tsx';
import { session } from '../session/session.ts';
import { t } from '../shared/language.ts';
import { Frame } from './Frame.tsx';
import { scopeWords } from './ScopeFields.tsx';
import { Sessions } from './Sessions.tsx';
import { Tokens } from './Tokens.tsx';

export function AccountPage() {
  const info = session.value;
  if (!info) return null;
  const text = t.value.account;
  return (
    <Frame heading={text.page}>
      <section>
        <h2>{info.user}</h2>
        <p>{text.roles[info.role]} · {scopeWords(info.scope)}</p>
        <PasswordForm />
      </section>
      <Sessions />
      <Tokens role={info.role} />
    </Frame>
  );
}

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call } from '../shared/api.ts';
import type { ApiToken, Role } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { dayAndTime, fieldsOf, scopeOf } from './fields.ts';
import { Once } from './Frame.tsx';
import { ScopeFields, scopeWords } from './ScopeFields.tsx';
import { useWork } from './working.ts';

function Entry({ token, revoke }: { token: ApiToken; revoke: () => void }) {
  const text = t.value.account;
  const used = token.used_ms ? dayAndTime(token.used_ms) : text.never;
  const ended = token.revoked_ms ? text.revoked : token.expires_ms <= Date.now() ? text.expired : '';
  return (
    <li class="entry" data-testid="token">
      <span class="entry-text">
        {token.name}
        <small>{text.roles[token.role]} · {scopeWords(token.scope)} · {text.until(dayAndTime(token.expires_ms), used)}</small>
      </span>
      {ended ? <span class="chip">{ended}</span> : <button type="button" class="button small" onClick={revoke}>{text.revoke}</button>}
    </li>
  );
}

export function Tokens({ role }: { role: Role }) {
  const items = useSignal<ApiToken[]>([]);
  const secret = useSignal('');
  const { problem, run } = useWork();
  const load = async (): Promise<void> => {
    items.value = (await call<{ items: ApiToken[] }>('GET', '/api/tokens')).items;
  };
  const make = (event: SubmitEvent): Promise<void> => run(async () => {
    const said = fieldsOf(event);
    const form = event.currentTarget as HTMLFormElement;
    const wish = { name: said['name'], role: said['role'], scope: scopeOf(said), days: Number(said['days']) };
    secret.value = (await call<{ secret: string }>('POST', '/api/tokens', wish)).secret;
    form.reset();
    await load();
  });
  const revoke = (one: ApiToken): Promise<void> => run(async () => {
    await call<void>('DELETE', `/api/tokens/${encodeURIComponent(one.id)}`);
    await load();
  });
  useEffect(() => void run(load), []);
  const text = t.value.account;
  return (
    <section>
      <h2>{text.tokens}</h2>
      <p>{text.tokensHint}</p>
      {secret.value && <Once label={text.secretOnce} secret={secret.value} />}
      {problem.value && <ProblemNote problem={problem.value} />}
      <ul>{items.value.map((one) => <Entry key={one.id} token={one} revoke={() => void revoke(one)} />)}</ul>
      <form onSubmit={(event) => void make(event)}>
        <label class="field">{text.tokenName}<input name="name" required maxLength={80} data-testid="token-name" /></label>
        <ScopeFields role={role === 'admin' ? 'viewer' : role} />
        <label class="field">{text.days}<input name="days" type="number" min={1} max={366} defaultValue="90" required /></label>
        <button class="button primary" data-testid="token-make">{text.makeToken}</button>
      </form>
    </section>
  );
}

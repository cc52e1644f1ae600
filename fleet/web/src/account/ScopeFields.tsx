import { roles, type Role } from '../shared/contract.ts';
import { t } from '../shared/language.ts';

interface Props {
  role: Role;
  scope?: readonly string[] | null;
}

/** Role and scope, in a form. */
export function ScopeFields({ role, scope = null }: Props) {
  const text = t.value.account;
  return (
    <>
      <label class="field">
        {text.role}
        <select name="role">
          {roles.map((one) => <option key={one} value={one} selected={one === role}>{text.roles[one]}</option>)}
        </select>
      </label>
      <label>
        <input type="checkbox" name="everything" defaultChecked={scope === null} /> {text.everything}
      </label>
      <label class="field">
        {text.scope}
        <textarea name="scope" rows={2} defaultValue={scope?.join('\n') ?? ''} />
      </label>
    </>
  );
}

export function scopeWords(scope: readonly string[] | null): string {
  if (scope === null) return t.value.account.everything;
  return scope.join('、') || t.value.account.nothing;
}

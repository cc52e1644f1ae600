import { fieldsOf, scopeOf } from '../account/fields.ts';
import { ScopeFields, scopeWords } from '../account/ScopeFields.tsx';
import type { Person } from '../shared/contract.ts';
import { t } from '../shared/language.ts';

interface Props {
  person: Person;
  change: (body: object) => void;
  reset: () => void;
}

export function PersonEntry({ person, change, reset }: Props) {
  const text = t.value.account;
  const save = (event: SubmitEvent): void => {
    const said = fieldsOf(event);
    change({ role: said['role'], scope: scopeOf(said) });
  };
  return (
    <li class="entry" data-testid="person" data-person={person.name}>
      <span class="entry-text">
        {person.name}
        <small>{text.roles[person.role]} · {scopeWords(person.scope)}</small>
      </span>
      <span class="chip" data-tone={person.active ? 'ok' : 'unknown'}>{person.active ? text.active : text.inactive}</span>
      <button type="button" class="button small" onClick={() => change({ active: !person.active })}>{person.active ? text.deactivate : text.activate}</button>
      <button type="button" class="button small" onClick={reset}>{text.reset}</button>
      <details>
        <summary>{text.change}</summary>
        <form onSubmit={save}>
          <ScopeFields role={person.role} scope={person.scope} />
          <button class="button small">{text.save}</button>
        </form>
      </details>
    </li>
  );
}

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { fieldsOf, scopeOf } from '../account/fields.ts';
import { Frame, Once } from '../account/Frame.tsx';
import { ScopeFields } from '../account/ScopeFields.tsx';
import { useWork } from '../account/working.ts';
import { call } from '../shared/api.ts';
import type { Person } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { PersonEntry } from './PersonEntry.tsx';

interface Told {
  name: string;
  password: string;
}

export function PeoplePage() {
  const items = useSignal<Person[]>([]);
  const told = useSignal<Told | null>(null);
  const { problem, run } = useWork();
  const load = async (): Promise<void> => {
    items.value = (await call<{ items: Person[] }>('GET', '/api/people')).items;
  };
  const add = (event: SubmitEvent): Promise<void> => run(async () => {
    const said = fieldsOf(event);
    const form = event.currentTarget as HTMLFormElement;
    const body = { name: said['name'], role: said['role'], scope: scopeOf(said) };
    told.value = await call<Told>('POST', '/api/people', body);
    form.reset();
    await load();
  });
  const change = (one: Person, body: object): Promise<void> => run(async () => {
    await call<Person>('PATCH', `/api/people/${encodeURIComponent(one.id)}`, body);
    await load();
  });
  const reset = (one: Person): Promise<void> => run(async () => {
    const { password } = await call<Told>('POST', `/api/people/${encodeURIComponent(one.id)}/reset`);
    told.value = { name: one.name, password };
  });
  useEffect(() => void run(load), []);
  const text = t.value.account;
  return (
    <Frame heading={text.people}>
      {told.value && <Once label={text.passwordOnce(told.value.name)} secret={told.value.password} />}
      {problem.value && <ProblemNote problem={problem.value} />}
      <section>
        <ul>
          {items.value.map((one) => (
            <PersonEntry key={one.id} person={one} change={(body) => void change(one, body)} reset={() => void reset(one)} />
          ))}
        </ul>
      </section>
      <section>
        <h2>{text.addPerson}</h2>
        <form onSubmit={(event) => void add(event)}>
          <label class="field">{text.person}<input name="name" required maxLength={80} data-testid="person-name" /></label>
          <ScopeFields role="viewer" scope={[]} />
          <button class="button primary" data-testid="person-add">{text.addPerson}</button>
        </form>
      </section>
    </Frame>
  );
}

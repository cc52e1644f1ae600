import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { fieldsOf } from '../account/fields.ts';
import { Frame } from '../account/Frame.tsx';
import { useWork } from '../account/working.ts';
import { get } from '../shared/api.ts';
import type { AuditEntry, AuditPage as Answer } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { nouns, queryOf } from './audit.ts';
import { AuditRow } from './AuditRow.tsx';
import { ChainNote } from './ChainNote.tsx';
import './audit.css';

const perPage = 50;

function Filter({ search }: { search: (event: SubmitEvent) => void }) {
  const text = t.value.audit;
  return (
    <form class="audit-filter" onSubmit={search}>
      <label class="field">{text.actor}<input name="actor" maxLength={120} data-testid="audit-actor" /></label>
      <label class="field">
        {text.deed}
        <select name="action" data-testid="audit-deed">
          <option value="">{text.all}</option>
          {nouns.map((one) => <option key={one} value={one}>{text.nouns[one]}</option>)}
        </select>
      </label>
      <label class="field">
        {text.outcome}
        <select name="outcome" data-testid="audit-outcome">
          <option value="">{text.all}</option>
          <option value="done">{text.done}</option>
          <option value="refused">{text.refused}</option>
        </select>
      </label>
      <label class="field">{text.from}<input name="from" type="date" data-testid="audit-from" /></label>
      <label class="field">{text.until}<input name="until" type="date" data-testid="audit-until" /></label>
      <button class="button primary" data-testid="audit-search">{text.search}</button>
    </form>
  );
}

function Entries({ items }: { items: readonly AuditEntry[] }) {
  const text = t.value.audit;
  return (
    <table class="audit-table">
      <thead>
        <tr><th>{text.number}</th><th>{text.when}</th><th>{text.who}</th><th>{text.deed}</th><th>{text.object}</th></tr>
      </thead>
      <tbody>{items.map((one) => <AuditRow key={one.seq} entry={one} />)}</tbody>
    </table>
  );
}

export function AuditPage() {
  const items = useSignal<readonly AuditEntry[]>([]);
  const next = useSignal<number | null>(null);
  const asked = useSignal(queryOf({}));
  const { problem, run } = useWork();
  const load = (before: number | null): Promise<void> => run(async () => {
    const page = await get<Answer>('/api/audit', { ...asked.value, limit: perPage, before });
    items.value = before === null ? page.items : [...items.value, ...page.items];
    next.value = page.next;
  });
  const search = (event: SubmitEvent): void => {
    asked.value = queryOf(fieldsOf(event));
    void load(null);
  };
  useEffect(() => void load(null), []);
  const text = t.value.audit;
  return (
    <Frame heading={text.page}>
      <ChainNote />
      <section>
        <h2>{text.entries}</h2>
        <Filter search={search} />
        {problem.value && <ProblemNote problem={problem.value} />}
        {items.value.length ? <Entries items={items.value} /> : <p>{text.none}</p>}
        {next.value !== null && (
          <button type="button" class="button" data-testid="audit-older" onClick={() => void load(next.value)}>{text.older}</button>
        )}
      </section>
    </Frame>
  );
}

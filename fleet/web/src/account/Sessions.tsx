import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call } from '../shared/api.ts';
import type { OwnSession } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { dayAndTime } from './fields.ts';
import { useWork } from './working.ts';

export function Sessions() {
  const items = useSignal<OwnSession[]>([]);
  const { problem, run } = useWork();
  const load = (): Promise<void> => run(async () => {
    items.value = (await call<{ items: OwnSession[] }>('GET', '/api/sessions')).items;
  });
  const end = (one: OwnSession): Promise<void> => run(async () => {
    await call<void>('DELETE', `/api/sessions/${encodeURIComponent(one.id)}`);
    items.value = items.value.filter((other) => other.id !== one.id);
  });
  useEffect(() => void load(), []);
  const text = t.value.account;
  return (
    <section>
      <h2>{text.sessions}</h2>
      {problem.value && <ProblemNote problem={problem.value} />}
      <ul>
        {items.value.map((one) => (
          <li class="entry" key={one.id} data-testid="own-session">
            <span class="entry-text">
              {one.agent || one.address}
              <small>{one.address} · {text.since(dayAndTime(one.created_ms), dayAndTime(one.seen_ms))}</small>
            </span>
            {one.current ? <span class="chip">{text.here}</span> : <button type="button" class="button small" onClick={() => void end(one)}>{text.end}</button>}
          </li>
        ))}
      </ul>
    </section>
  );
}

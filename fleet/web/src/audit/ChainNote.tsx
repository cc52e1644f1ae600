import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useWork } from '../account/working.ts';
import { get } from '../shared/api.ts';
import type { AuditChain } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';

/** Whether anybody altered the log: the platform walks the whole chain. */
export function ChainNote() {
  const chain = useSignal<AuditChain | null>(null);
  const { problem, run } = useWork();
  const check = (): Promise<void> => run(async () => {
    chain.value = null;
    chain.value = await get<AuditChain>('/api/audit/chain');
  });
  useEffect(() => void check(), []);
  const text = t.value.audit;
  const found = chain.value;
  return (
    <section>
      <h2>{text.chain}</h2>
      {problem.value && <ProblemNote problem={problem.value} />}
      <p role="status" data-testid="audit-chain" data-whole={found ? String(found.fault === null) : ''}>
        {found === null && text.checking}
        {found?.fault === null && <span class="chip" data-tone="ok">{text.whole(found.entries)}</span>}
        {found?.fault && <strong class="audit-broken">{text.broken(found.fault)}</strong>}
      </p>
      {found && <p class="audit-head">{text.head} <code>{found.head}</code></p>}
      <button type="button" class="button small" onClick={() => void check()}>{text.again}</button>
    </section>
  );
}

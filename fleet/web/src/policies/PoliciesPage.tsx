import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { fieldsOf } from '../account/fields.ts';
import { Frame } from '../account/Frame.tsx';
import { useWork } from '../account/working.ts';
import { get } from '../shared/api.ts';
import type { PolicyLayer, PolicyList } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { openPolicy, policyHref } from '../shared/route.ts';
import { briefWords, isWhole, targetName, targetOf } from './policies.ts';
import { PolicyDetail } from './PolicyDetail.tsx';
import './policies.css';

function Entry({ layer }: { layer: PolicyLayer }) {
  const text = t.value.policies;
  return (
    <li class="entry" data-testid="policy" data-target={layer.target}>
      <span class="entry-text">
        {targetName(layer.target, t.value)}
        <small>{briefWords(layer, t.value)}</small>
      </span>
      <small>{isWhole(layer) ? text.assets(layer.zones.length) : text.zones(layer.zones.length)} · {text.version(layer.whole_version)}</small>
      <a class="policy-open" href={policyHref(layer.target)}>{text.openButton}</a>
    </li>
  );
}

function OpenForm() {
  const text = t.value.policies;
  const submit = (event: SubmitEvent): void => {
    const said = fieldsOf(event);
    const target = targetOf(said['asset'] ?? '', said['zone'] ?? '');
    if (target) location.hash = policyHref(target);
  };
  return (
    <form onSubmit={submit}>
      <h3>{text.open}</h3>
      <label class="field">{text.asset}<input name="asset" required maxLength={40} pattern="[^:]+" placeholder="cab-0001" data-testid="policy-asset" /></label>
      <label class="field">{text.zone}<input name="zone" type="number" min={0} max={99} data-testid="policy-zone" /></label>
      <button class="button" data-testid="policy-open">{text.openButton}</button>
    </form>
  );
}

export function PoliciesPage() {
  const list = useSignal<PolicyList | null>(null);
  const target = openPolicy.value;
  const { problem, run } = useWork();
  const load = (): Promise<void> => run(async () => {
    list.value = await get<PolicyList>('/api/policies');
  });
  useEffect(() => void load(), [target]);
  const text = t.value.policies;
  const told = list.value;
  return (
    <Frame heading={text.page}>
      {problem.value && <ProblemNote problem={problem.value} retry={() => void load()} />}
      {told && target && <PolicyDetail key={target} target={target} list={told} />}
      {told && !target && (
        <>
          <section>
            <h2>{text.overrides}</h2>
            <p>{text.hint}</p>
            {told.overrides.length === 0 && <p>{text.noOverrides}</p>}
            <ul>{told.overrides.map((one) => <Entry key={one.target} layer={one} />)}</ul>
            <OpenForm />
          </section>
          <section>
            <h2>{text.wholes}</h2>
            <ul>{told.wholes.map((one) => <Entry key={one.target} layer={one} />)}</ul>
          </section>
          <section>
            <h2>{text.classes}</h2>
            <ul>{[...told.classes].sort((one, other) => other.zones.length - one.zones.length).map((one) => <Entry key={one.target} layer={one} />)}</ul>
          </section>
        </>
      )}
    </Frame>
  );
}

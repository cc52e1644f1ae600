import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { fieldsOf } from '../account/fields.ts';
import { useWork } from '../account/working.ts';
import { may, session } from '../session/session.ts';
import { call, get } from '../shared/api.ts';
import type { PolicyLayer, PolicyList, PolicyTrial, PolicyVersion } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { pages } from '../shared/route.ts';
import { fieldsFor, fieldsSaid, placeSaid, targetName } from './policies.ts';
import { PolicyForm } from './PolicyForm.tsx';
import { TrialResult } from './TrialResult.tsx';
import { VersionList } from './VersionList.tsx';

interface Props {
  target: string;
  list: PolicyList;
}

const said = (form: HTMLFormElement): Record<string, string> =>
  Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value)]));

export function PolicyDetail({ target, list }: Props) {
  const path = `/api/policies/${encodeURIComponent(target)}`;
  const layer = useSignal<PolicyLayer | null>(null);
  const fields = fieldsFor(layer.value, list);
  const versions = useSignal<readonly PolicyVersion[]>([]);
  const trial = useSignal<PolicyTrial | null>(null);
  const savedAs = useSignal<number | null>(null);
  const busy = useSignal(false);
  const { problem, run } = useWork();
  const load = async (): Promise<void> => {
    layer.value = await get<PolicyLayer>(path);
    versions.value = (await get<{ items: PolicyVersion[] }>(`${path}/history`)).items;
  };
  const alone = async (work: () => Promise<void>): Promise<void> => {
    busy.value = true;
    savedAs.value = null;
    await run(work);
    busy.value = false;
  };
  const tryIt = (form: HTMLFormElement): Promise<void> => alone(async () => {
    trial.value = null;
    const told = said(form);
    trial.value = await call<PolicyTrial>('POST', `${path}/trial`, { fields: fieldsSaid(told, fields), ...placeSaid(told['on']) });
  });
  const settle = async (way: string, body: object): Promise<void> => {
    const { version } = await call<{ version: number }>('POST', path + way, { ...body, expected: layer.value?.version ?? 0 });
    trial.value = null;
    await load();
    savedAs.value = version;
  };
  const save = (event: SubmitEvent): Promise<void> => {
    const { source = '', note = '', ...rest } = fieldsOf(event);
    return alone(() => settle('', { fields: fieldsSaid(rest, fields), source, note }));
  };
  const revert = (to: number): Promise<void> => alone(() => settle('/revert', { to }));
  useEffect(() => void run(load), [target]);
  const text = t.value.policies;
  const fixed = !may('policies') || (target.startsWith('class:') && session.value?.scope !== null);
  const told = layer.value;
  return (
    <>
      <section data-testid="policy-detail" data-target={target}>
        <a href={pages.policies} data-testid="policy-back">{text.back}</a>
        <h2>{targetName(target, t.value)} {told && <span class="chip">{text.version(told.whole_version)}</span>}</h2>
        {fixed && <p>{text.readOnly}</p>}
        {target.startsWith('asset:') && told && told.zones.length > 1 && <p>{text.firstZone}</p>}
        {told && <PolicyForm fields={fields} layer={told} fixed={fixed} busy={busy.value} tryIt={(form) => void tryIt(form)} save={(event) => void save(event)} />}
        {problem.value && <ProblemNote problem={problem.value} meanings={{ 409: text.changedMeanwhile }} />}
        {savedAs.value !== null && <p role="status" data-testid="policy-saved">{text.saved(savedAs.value)}</p>}
        {trial.value && <TrialResult trial={trial.value} />}
      </section>
      <section>
        <h2>{text.history}</h2>
        <VersionList versions={versions.value} fields={fields} revert={fixed ? null : (to) => void revert(to)} />
      </section>
    </>
  );
}

import { dayAndTime } from '../account/fields.ts';
import type { PolicyField, PolicyVersion } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { fieldName, valueWords } from './policies.ts';

interface Props {
  versions: readonly PolicyVersion[];
  fields: readonly PolicyField[];
  /** null: nobody may go back here. */
  revert: ((to: number) => void) | null;
}

function Changes({ one, fields }: { one: PolicyVersion; fields: readonly PolicyField[] }) {
  const pairs = Object.entries(one.changes);
  if (pairs.length === 0) return <p>{t.value.policies.noChange}</p>;
  const units = new Map(fields.map((field) => [field.name, field.unit]));
  return (
    <ul>
      {pairs.map(([name, [before, after]]) => (
        <li key={name}>{fieldName(name, t.value)}: {valueWords(before, units.get(name) ?? '', t.value)} → <b>{valueWords(after, units.get(name) ?? '', t.value)}</b></li>
      ))}
    </ul>
  );
}

/** Newest first; what was shipped is told by its note alone. */
export function VersionList({ versions, fields, revert }: Props) {
  const text = t.value.policies;
  const own = versions.filter((one) => one.layer !== 'shipped');
  const newest = own.at(-1)?.version;
  if (versions.length === 0) return <p>{text.noHistory}</p>;
  return (
    <ol class="policy-versions">
      {[...versions].reverse().map((one) => (
        <li key={one.version} data-testid="policy-version" data-version={one.version}>
          <strong>{text.version(one.version)}</strong> {text.by(one.layer === 'shipped' ? text.shippedBy : one.by, dayAndTime(one.at_ms))}
          {one.restores !== null && <span class="chip">{text.restores(one.restores)}</span>}
          {one.layer !== 'shipped' && <Changes one={one} fields={fields} />}
          <small>{one.source}</small>
          {one.note && <small>{one.note}</small>}
          {revert && one.layer !== 'shipped' && one.version !== newest && (
            <button type="button" class="button small" data-testid="policy-revert" onClick={() => revert(one.version)}>{text.revert}</button>
          )}
        </li>
      ))}
      {revert && own.length > 0 && Object.keys(own.at(-1)?.fields ?? {}).length > 0 && (
        <li><button type="button" class="button small" data-testid="policy-clear" onClick={() => revert(0)}>{text.clear}</button></li>
      )}
    </ol>
  );
}

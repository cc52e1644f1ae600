import { dayAndTime } from '../account/fields.ts';
import type { AuditEntry } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { detailsOf } from './audit.ts';

export function AuditRow({ entry }: { entry: AuditEntry }) {
  const text = t.value.audit;
  const deeds: Readonly<Record<string, string>> = text.deeds;
  return (
    <tr data-testid="audit-entry" data-action={entry.action} data-outcome={entry.outcome}>
      <td class="number">{entry.seq}</td>
      <td class="number">{dayAndTime(entry.at_ms)}</td>
      <td>{entry.actor}</td>
      <td>
        {deeds[entry.action] ?? entry.action}
        {entry.outcome === 'refused' && <span class="chip" data-tone="alarm">{text.refused}</span>}
      </td>
      <td>
        {entry.object}
        <small>{detailsOf(entry)}</small>
      </td>
    </tr>
  );
}

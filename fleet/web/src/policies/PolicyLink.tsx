import type { IncidentDetail } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { policyHref } from '../shared/route.ts';
import { judgedBy } from './policies.ts';

/** From a verdict to the policy it was made by; nothing where the limit is no temperature of a zone. */
export function PolicyLink({ incident }: { incident: IncidentDetail }) {
  const version = judgedBy(incident);
  if (version === null) return null;
  return <a href={policyHref(`zone:${incident.asset}:${incident.zone}`)} data-testid="to-policy">{t.value.policies.judgedBy(version)}</a>;
}

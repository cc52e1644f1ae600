import { assets } from '../map/assets.ts';
import { now_ms } from '../ops/clock.ts';
import type { Incident, IncidentDetail } from '../shared/contract.ts';
import { language, t } from '../shared/language.ts';
import { incidentHref } from '../shared/route.ts';
import { celsiusText } from '../shared/temperature.ts';
import { duration, stamp } from '../shared/time.ts';
import { allLots, awaitsDisposition, isShelved } from './steps.ts';
import { breachWords, conditionTone, hazardName, lasted_ms, peakName, workflowTone, worst } from './wording.ts';

export function Summary({ incident }: { incident: Incident }) {
  return (
    <>
      <a class="incident-head" href={incidentHref(incident.id)}>
        <h3>{incident.asset_name}</h3>
        <span class="incident-zone">{t.value.card.zone(incident.zone)}</span>
        <span class="incident-hazard">{hazardName(incident.hazard, t.value)}</span>
      </a>
      <div class="incident-body">
        <PeakAndLimit incident={incident} />
        <Span incident={incident} />
        <Chips incident={incident} />
        <Acknowledged incident={incident} />
      </div>
    </>
  );
}

export function Chips({ incident }: { incident: Incident }) {
  return (
    <span class="chips">
      <span class="chip" data-tone={conditionTone[incident.condition]}>{t.value.condition[incident.condition]}</span>
      <span class="chip" data-tone={workflowTone[incident.workflow]} data-testid="incident-workflow" data-state={incident.workflow}>
        {t.value.workflow[incident.workflow]}
      </span>
      {incident.late && <span class="chip">{t.value.incidents.late}</span>}
      <Modifiers incident={incident} />
    </span>
  );
}

function Modifiers({ incident }: { incident: Incident }) {
  const text = t.value.steps;
  const until_ms = incident.shelved_until_ms;
  const shelved = isShelved(incident, now_ms.value) && until_ms !== null;
  return (
    <>
      {awaitsDisposition(incident) && <span class="chip" data-tone="outline" data-testid="awaits-disposition">{text.awaits}</span>}
      {shelved && <span class="chip" data-tone="unknown" data-testid="shelved">{text.shelvedUntil(stamp(until_ms, now_ms.value))}</span>}
      {incident.work_order !== null && <span class="chip" data-tone="unknown">{text.outOfService(incident.work_order)}</span>}
      {incident.parent !== null && <a class="chip" data-testid="parent" href={incidentHref(incident.parent)}>{text.follows}</a>}
      {incident.sale_locked_ms !== null && (
        <span class="chip" data-tone="alarm" data-testid="sale-locked">{text.saleLocked(stamp(incident.sale_locked_ms, now_ms.value))}</span>
      )}
      {incident.assignee !== null && <span class="chip" data-testid="assignee">{text.assigned(incident.assignee)}</span>}
    </>
  );
}

/** What was said of the goods, lot by lot. */
export function Goods({ incident }: { incident: Incident }) {
  const text = t.value.steps;
  if (incident.dispositions.length === 0) return null;
  return (
    <ul class="lots" data-testid="lots">
      {incident.dispositions.map((one) => (
        <li key={one.lot}>
          <b>{text.decisions[one.decision]}</b> {one.lot === allLots ? text.allLots : one.lot}
          {one.note && <q>{one.note}</q>}
        </li>
      ))}
    </ul>
  );
}

/** The latest reading of the zone, while the incident is about the present. */
function nowOf(incident: Incident): number | null {
  if (incident.condition !== 'active' && incident.condition !== 'clearing') return null;
  return assets.value.get(incident.asset)?.zones.find((zone) => zone.zone === incident.zone)?.celsius ?? null;
}

export function PeakAndLimit({ incident }: { incident: Incident }) {
  const text = t.value.incidents;
  const now = nowOf(incident);
  if (incident.peak_celsius === null && incident.limit_celsius === null) return null;
  return (
    <p class="peak number">
      <span>{peakName(incident.hazard, t.value)} <b data-tone={incident.condition}>{celsiusText(worst(incident, now))}</b></span>
      {incident.limit_celsius !== null && <span>{text.limit} {celsiusText(incident.limit_celsius)}</span>}
      {now !== null && <span>{text.now} {celsiusText(now)}</span>}
    </p>
  );
}

/** What its rule says: what is wrong and what to do, and how soon the goods pass their limit. */
export function Advice({ incident }: { incident: IncidentDetail }) {
  if (incident.advice === null) return null;
  return (
    <div class="advice" data-testid="advice">
      <p>{incident.advice[language.value]}</p>
      {incident.breach_min && <p class="number">{t.value.incidents.breach} <b>{breachWords(incident.breach_min, t.value)}</b></p>}
    </div>
  );
}

export function Span({ incident }: { incident: Incident }) {
  const text = t.value.incidents;
  const words = t.value.time;
  return (
    <p class="span number">
      <span>{text.begin} {stamp(incident.begin_ms, now_ms.value)}</span>
      <span>{text.lasted} {duration(lasted_ms(incident, now_ms.value), words)}</span>
      {incident.unknown_s > 0 && <span>{text.unknownFor(duration(incident.unknown_s * 1_000, words))}</span>}
    </p>
  );
}

export function Acknowledged({ incident }: { incident: Incident }) {
  if (incident.acked_by === null || incident.acked_ms === null) return null;
  return (
    <p class="acked">
      {t.value.acknowledge.by(incident.acked_by, stamp(incident.acked_ms, now_ms.value))}
      {incident.eta_ms !== null && <> · {t.value.steps.expected(stamp(incident.eta_ms, now_ms.value))}</>}
      {incident.note && <q>{incident.note}</q>}
    </p>
  );
}

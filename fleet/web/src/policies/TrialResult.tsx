import { dayAndTime } from '../account/fields.ts';
import { hazardName } from '../incidents/wording.ts';
import type { PolicyTrial, TrialIncident } from '../shared/contract.ts';
import { t } from '../shared/language.ts';

function Told({ mark, one }: { mark: string; one: TrialIncident }) {
  const end = one.end_ms === null ? t.value.policies.trial.goesOn : dayAndTime(one.end_ms);
  const peak = one.peak_celsius === null ? '' : ` · ${one.peak_celsius.toFixed(1)} °C`;
  return <li class="number">{mark} {hazardName(one.hazard, t.value)} {dayAndTime(one.begin_ms)} – {end}{peak}</li>;
}

/** What a change would have done to the last day of one zone. */
export function TrialResult({ trial }: { trial: PolicyTrial }) {
  const text = t.value.policies.trial;
  const { on, gained, lost, changed, same } = trial;
  const otherwise = gained.length + lost.length + changed.length;
  return (
    <div class="policy-trial" role="status" data-testid="policy-trial" data-gained={gained.length} data-lost={lost.length}>
      <h3>{text.heading}</h3>
      <p>{on ? text.on(`${on.asset} · ${t.value.card.zone(on.zone)}`, trial.readings) : text.nowhere}</p>
      {on && otherwise === 0 && <p>{text.nothing}</p>}
      {otherwise > 0 && <p><strong>{text.gained(gained.length)}</strong> · {text.lost(lost.length)} · {text.changed(changed.length)} · {text.same(same)}</p>}
      <ul>
        {gained.map((one) => <Told key={`+${one.hazard}${one.begin_ms}`} mark="+" one={one} />)}
        {lost.map((one) => <Told key={`-${one.hazard}${one.begin_ms}`} mark="−" one={one} />)}
        {changed.flatMap(([old, one]) => [
          <Told key={`<${old.hazard}${old.begin_ms}`} mark="～" one={old} />,
          <Told key={`>${one.hazard}${one.begin_ms}`} mark="→" one={one} />,
        ])}
      </ul>
    </div>
  );
}

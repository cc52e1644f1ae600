import { now_ms } from '../ops/clock.ts';
import { shown } from '../incidents/incidents.ts';
import { Commands } from '../commands/Commands.tsx';
import { hazardName } from '../incidents/wording.ts';
import type { Asset, Zone } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { incidentHref } from '../shared/route.ts';
import { celsiusText, limitsText, outside } from '../shared/temperature.ts';
import { duration, stamp } from '../shared/time.ts';
import { assets, selected, show } from './assets.ts';
import { Marker } from './Marker.tsx';

function ZoneRow({ zone }: { zone: Zone }) {
  return (
    <tr>
      <th scope="row">{t.value.card.zone(zone.zone)}</th>
      <td class="number zone-now" data-outside={outside(zone.celsius, zone)}>{celsiusText(zone.celsius)}</td>
      <td class="number zone-limits">{t.value.card.limits} {limitsText(zone.low_celsius, zone.high_celsius)}</td>
    </tr>
  );
}

function heardText(asset: Asset): string {
  if (asset.heard_ms === null) return t.value.card.never;
  const length = duration(now_ms.value - asset.heard_ms, t.value.time);
  return `${stamp(asset.heard_ms, now_ms.value)} · ${t.value.time.ago(length)}`;
}

function Door({ asset }: { asset: Asset }) {
  const text = t.value.card;
  const open = asset.door_open === 1;
  return <><dt>{asset.kind === 'truck' ? text.truckDoor : text.door}</dt><dd data-open={open}>{open ? text.doorOpen : text.doorClosed}</dd></>;
}

function WrongClock({ asset }: { asset: Asset }) {
  const text = t.value.card;
  const length = duration(Math.abs(asset.clock_offset_ms), t.value.time);
  return <><dt>{text.clock}</dt><dd class="number" data-testid="clock-wrong">{asset.clock_offset_ms < 0 ? text.clockFast(length) : text.clockSlow(length)}</dd></>;
}

function Facts({ asset }: { asset: Asset }) {
  const text = t.value.card;
  const speed = asset.speed_kmh;
  return (
    <dl class="card-facts">
      <dt>{text.lastHeard}</dt><dd class="number">{heardText(asset)}</dd>
      {speed !== null && <><dt>{text.speed}</dt><dd class="number">{speed < 1 ? text.standing : `${Math.round(speed)} km/h`}</dd></>}
      {asset.door_open !== null && <Door asset={asset} />}
      {asset.sale_locked && <><dt>{text.sale}</dt><dd data-open={true} data-testid="sale-locked">{text.saleLocked}</dd></>}
      {asset.clock_offset_ms !== 0 && <WrongClock asset={asset} />}
    </dl>
  );
}

function Related({ asset }: { asset: Asset }) {
  const own = (shown.value ?? []).filter((incident) => incident.asset === asset.id);
  return (
    <div class="card-incidents">
      {own.length === 0 && <p class="card-none">{t.value.card.noIncidents}</p>}
      {own.map((incident) => (
        <a key={incident.id} href={incidentHref(incident.id)}>
          {hazardName(incident.hazard, t.value)} · {t.value.card.zone(incident.zone)} · {t.value.condition[incident.condition]}
        </a>
      ))}
    </div>
  );
}

function One({ asset }: { asset: Asset }) {
  return (
    <>
      <header class="card-head">
        <Marker kind={asset.kind} state={asset.state} size={34} />
        <div>
          <h2>{asset.name}</h2>
          <p><b data-state={asset.state}>{t.value.state[asset.state]}</b> · {asset.id}</p>
        </div>
      </header>
      <table class="card-zones"><tbody>{asset.zones.map((zone) => <ZoneRow key={zone.zone} zone={zone} />)}</tbody></table>
      <Facts asset={asset} />
      <Related asset={asset} />
      <Commands key={asset.id} asset={asset} />
    </>
  );
}

function Several({ members }: { members: readonly Asset[] }) {
  return (
    <>
      <h2>{t.value.card.several(members.length)}</h2>
      <ul class="card-members">
        {members.map((asset) => (
          <li key={asset.id}>
            <button type="button" onClick={() => show(asset.id)}>
              <Marker kind={asset.kind} state={asset.state} /><span>{asset.name}</span><span class="card-none">{t.value.state[asset.state]}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

export function AssetCard() {
  const members = selected.value.flatMap((id) => assets.value.get(id) ?? []);
  const [first] = members;
  if (!first) return null;
  const close = (): void => {
    selected.value = [];
  };
  return (
    <section class="card" data-testid="asset-card" data-asset-id={first.id}>
      <button type="button" class="button quiet card-close" aria-label={t.value.close} onClick={close}>✕</button>
      {members.length === 1 ? <One asset={first} /> : <Several members={members} />}
    </section>
  );
}

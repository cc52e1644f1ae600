import { fleetSize } from '../map/assets.ts';
import { AccountMenu } from '../session/AccountMenu.tsx';
import { language, t } from '../shared/language.ts';
import { LanguageSwitch } from '../shared/LanguageSwitch.tsx';
import { clockTime, dayName } from '../shared/time.ts';
import { anchor, now_ms } from './clock.ts';
import { health } from './health.ts';
import { HealthStrip } from './HealthStrip.tsx';
import { link } from './live.ts';

function Clock() {
  const speed = anchor.value?.speed ?? 1;
  if (!anchor.value) return null;
  const at = now_ms.value;
  return (
    <div class="clock" role="timer" aria-label={t.value.header.clock}>
      <span class="clock-day">{dayName(at, language.value)}</span>
      <time class="clock-time number" dateTime={new Date(at).toISOString()}>{clockTime(at, speed > 1 ? 'minute' : 'second')}</time>
      {speed > 1 && <span class="chip clock-speed">{t.value.header.demo(speed)}</span>}
    </div>
  );
}

function Connected() {
  const state = health.value;
  const devices = state.kind === 'told' ? state.health.devices : { connected: 0, registered: fleetSize.value };
  return (
    <div class="connected">
      <span>{t.value.header.connected}</span>
      <b class="number" data-testid="asset-count" data-registered={devices.registered}>{devices.connected}</b>
      <span class="number connected-all">/ {devices.registered}</span>
    </div>
  );
}

function LinkChip() {
  const words = { live: t.value.header.linkLive, connecting: t.value.header.linkConnecting, lost: t.value.header.linkLost };
  const tones = { live: 'ok', connecting: 'none', lost: 'alarm' };
  return <span class="chip link" data-tone={tones[link.value]} data-link={link.value}><i aria-hidden="true" />{words[link.value]}</span>;
}

export function Header() {
  return (
    <header class="header">
      <div class="brand">
        <img src="/icon.svg" alt="" width="32" height="32" />
        <h1>{t.value.title}</h1>
        <span class="brand-sub">{t.value.subtitle}</span>
      </div>
      <Clock />
      <div class="facts">
        <LinkChip />
        <Connected />
        <HealthStrip />
      </div>
      <div class="who">
        <LanguageSwitch />
        <AccountMenu />
      </div>
    </header>
  );
}

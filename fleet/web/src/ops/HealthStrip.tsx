import type { Health } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { health } from './health.ts';

function worstLag(told: Health): number {
  return Math.max(0, ...told.consumers.map((consumer) => consumer.lag));
}

function Counter({ name, value }: { name: string; value: string | number }) {
  return (
    <div class="counter">
      <dt>{name}</dt>
      <dd class="number">{value}</dd>
    </div>
  );
}

function HealthSheet({ told }: { told: Health }) {
  const text = t.value.health;
  return (
    <div class="health-sheet">
      <dl>
        <Counter name={text.broker} value={told.broker.connected ? text.brokerUp : text.brokerDown} />
        <Counter name={text.registered} value={told.devices.registered} />
        <Counter name={text.seen} value={told.devices.seen} />
      </dl>
      <h3>{text.ingest}</h3>
      <dl>{Object.entries(told.ingest).map(([name, value]) => <Counter key={name} name={name} value={String(value)} />)}</dl>
      <h3>{text.consumers}</h3>
      <dl>{told.consumers.map((c) => <Counter key={c.name} name={c.name} value={text.lagRecords(c.lag)} />)}</dl>
    </div>
  );
}

function Summary({ told }: { told: Health }) {
  const text = t.value.health;
  const good = told.status === 'ok';
  const broker = told.broker.connected;
  return (
    <summary aria-label={text.title}>
      <span class="chip" data-tone={good ? 'ok' : 'unknown'}>{good ? '✓' : '!'} {good ? text.ok : text.degraded}</span>
      <span class="health-fact">{text.broker} <b data-bad={!broker}>{broker ? text.brokerUp : text.brokerDown}</b></span>
      <span class="health-fact">{text.lag} <b class="number">{text.lagRecords(worstLag(told))}</b></span>
    </summary>
  );
}

export function HealthStrip() {
  const state = health.value;
  const text = t.value.health;
  if (state.kind === 'asking') return null;
  if (state.kind === 'silent') return <span class="chip" data-tone="alarm" role="status">✕ {text.unreachable}</span>;
  return (
    <details class="health">
      <Summary told={state.health} />
      <HealthSheet told={state.health} />
    </details>
  );
}

/** The platform's own sentences about what is wrong, each with its remedy. */
export function HealthProblems() {
  const state = health.value;
  if (state.kind !== 'told' || state.health.problems.length === 0) return null;
  return (
    <ul class="health-problems" role="status">
      {state.health.problems.map((sentence) => <li key={sentence}>{sentence}</li>)}
    </ul>
  );
}

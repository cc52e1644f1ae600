import { assets } from '../map/assets.ts';
import type { Health } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { deviceSentences, flowFacts } from './flow.ts';
import { deadBefore, health } from './health.ts';

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
  return (
    <summary aria-label={text.title}>
      <span class="chip" data-tone={good ? 'ok' : 'unknown'}>{good ? '✓' : '!'} {good ? text.ok : text.degraded}</span>
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

/** Sentences about what is not well: the platform's own where the page speaks its language, else ours. */
function sentences(told: Health): string[] {
  const facts = flowFacts(told, t.value, deadBefore.value);
  const own = (all: boolean): string[] => facts.flatMap((fact) => (fact.sentence && (all || !fact.told) ? [fact.sentence] : []));
  if (t.value.problem.serverSuffices) return [...told.problems, ...own(false)];
  const wrongClocks = [...assets.value.values()].filter((asset) => asset.clock_offset_ms !== 0).length;
  return [...own(true), ...deviceSentences(told, wrongClocks, t.value)];
}

function InEnglish({ problems }: { problems: readonly string[] }) {
  if (t.value.problem.serverSuffices || problems.length === 0) return null;
  return (
    <li>
      <details>
        <summary>{t.value.health.inEnglish(problems.length)}</summary>
        <ul>{problems.map((sentence) => <li key={sentence} lang="en">{sentence}</li>)}</ul>
      </details>
    </li>
  );
}

/** What is not well, each with its remedy; nothing at all while everything is. */
export function HealthProblems() {
  const state = health.value;
  if (state.kind !== 'told') return null;
  const { problems } = state.health;
  const told = sentences(state.health);
  if (told.length === 0 && problems.length === 0) return null;
  return (
    <ul class="health-problems" role="status" data-testid="health-problems">
      {told.map((sentence) => <li key={sentence}>{sentence}</li>)}
      <InEnglish problems={problems} />
    </ul>
  );
}

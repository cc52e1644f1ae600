import { t } from '../shared/language.ts';
import { flowFacts } from './flow.ts';
import { deadBefore, health } from './health.ts';

/** A quiet line at the foot of the page: how readings flow. */
export function FlowStrip() {
  const state = health.value;
  if (state.kind !== 'told') return null;
  return (
    <footer class="flow" data-testid="health-strip" aria-label={t.value.flow.title}>
      {flowFacts(state.health, t.value, deadBefore.value).map(({ key, label, value, sentence }) => (
        <span key={key} class="flow-fact" data-testid={`flow-${key}`} data-bad={sentence !== null} title={sentence ?? undefined}>
          {label} <b class="number">{value}</b>
        </span>
      ))}
    </footer>
  );
}

import { now_ms } from '../ops/clock.ts';
import type { IncidentEvent } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { stamp } from '../shared/time.ts';
import { eventFacts } from './facts.ts';
import { eventName } from './wording.ts';

function EventRow({ event }: { event: IncidentEvent }) {
  const facts = eventFacts(event.data, t.value, now_ms.value);
  return (
    <li class="event">
      <time class="number" dateTime={new Date(event.at_ms).toISOString()}>{stamp(event.at_ms, now_ms.value)}</time>
      <div>
        <b>{eventName(event.kind, t.value)}</b>
        {event.by && <span class="event-by">{t.value.events.by(event.by)}</span>}
        {facts.length > 0 && <p class="event-facts">{facts.join(' · ')}</p>}
      </div>
    </li>
  );
}

export function EventList({ events }: { events: readonly IncidentEvent[] }) {
  return (
    <section>
      <h3 class="section-title">{t.value.events.heading}</h3>
      <ol class="events">{events.map((event) => <EventRow key={event.n} event={event} />)}</ol>
    </section>
  );
}

/** The way of a reading as a few facts, each with a sentence when it is not well. Seconds are real. */
import type { Health } from '../shared/contract.ts';
import type { Messages } from '../shared/messages/zh.ts';
import { duration } from '../shared/time.ts';

/** `told` by the platform too, in its own English sentences. */
export interface Fact {
  key: string;
  label: string;
  value: string;
  sentence: string | null;
  told: boolean;
}

const slow_s = 5;
const late_s = 60;
const low_bytes = 1e9;
const manyRecords = 10_000;
const manyMissing = 0.1;
/** The forwarder's name among the consumers; it has a fact of its own. */
const forwarder = 'influx';

/** `79 GB`, `512 MB`; as makers of disks count. */
export function size(bytes: number): string {
  const gigabytes = bytes / 1e9;
  if (gigabytes >= 10) return `${Math.round(gigabytes)} GB`;
  return gigabytes >= 1 ? `${gigabytes.toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

function fact(key: string, label: string, value: string, sentence: string | null, told = true): Fact {
  return { key, label, value, sentence, told };
}

function bus(health: Health, words: Messages): Fact {
  const up = health.broker.connected;
  return fact('bus', words.health.broker, up ? words.health.brokerUp : words.health.brokerDown, up ? null : words.flow.busDown);
}

function waiting(health: Health, words: Messages): Fact {
  const { flow } = health;
  const label = words.flow.waiting;
  if (!flow) return fact('waiting', label, '–', null);
  const oldest_s = flow.oldest_waiting_s ?? 0;
  const length = duration(oldest_s * 1_000, words.time);
  return fact('waiting', label, String(flow.waiting), oldest_s < slow_s ? null : words.flow.slow(flow.waiting, length), false);
}

function watch(health: Health, words: Messages): Fact {
  const lags = health.consumers.filter((consumer) => consumer.name !== forwarder).map((consumer) => consumer.lag);
  const worst = Math.max(0, ...lags);
  return fact('lag', words.health.lag, words.health.lagRecords(worst), worst > manyRecords ? words.flow.behind(worst) : null);
}

function influx(health: Health, words: Messages): Fact {
  const way = health.flow?.forwarder;
  const text = words.flow;
  if (!way) return fact('influx', text.influx, text.states.none, null);
  const { state, backlog } = way;
  const unsent_s = way.oldest_unsent_s ?? 0;
  const length = duration(unsent_s * 1_000, words.time);
  const value = unsent_s < late_s ? text.states[state] : `${text.states[state]} · ${text.unsent(backlog, length)}`;
  const sentences = { sending: null, filling: null, away: text.away, stopped: text.stopped, failed: text.failed };
  const sentence = sentences[state];
  // A short absence is no news: nothing is lost and nobody need do anything yet.
  const short = state === 'away' && unsent_s < late_s;
  return fact('influx', text.influx, value, sentence && !short ? sentence(backlog, length) : null);
}

function disk(health: Health, words: Messages): Fact {
  const free = health.room?.free_bytes;
  if (free === undefined) return fact('disk', words.flow.disk, '–', null);
  return fact('disk', words.flow.disk, size(free), free < low_bytes ? words.flow.diskLow(size(free)) : null, false);
}

function dead(health: Health, words: Messages, before: number): Fact {
  const all = health.ingest['dead_letters'] ?? 0;
  const risen = all - before;
  return fact('dead', words.flow.dead, risen > 0 ? `${all} (+${risen})` : String(all), risen > 0 ? words.flow.deadRisen(risen) : null, false);
}

/** `deadBefore`: how many dead letters there were when the page was opened. */
export function flowFacts(health: Health, words: Messages, deadBefore: number): Fact[] {
  return [bus(health, words), waiting(health, words), watch(health, words), influx(health, words), disk(health, words), dead(health, words, deadBefore)];
}

/** What is not well with the devices themselves. */
export function deviceSentences(health: Health, wrongClocks: number, words: Messages): string[] {
  const { registered, connected } = health.devices;
  const missing = registered - connected;
  return [
    ...(missing > manyMissing * registered ? [words.flow.missing(missing, registered)] : []),
    ...(wrongClocks > 0 ? [words.flow.clocks(wrongClocks)] : []),
  ];
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceSentences, flowFacts, size } from '../src/ops/flow.ts';
import type { Flow, Health } from '../src/shared/contract.ts';
import { catalogues } from '../src/shared/messages/catalogues.ts';
import { aHealth } from './example.ts';

const { zh, en } = catalogues;

function forwarding(state: NonNullable<Flow['forwarder']>['state'], oldest_unsent_s: number | null, backlog = 4_000): Flow {
  return { waiting: 0, oldest_waiting_s: null, forwarder: { state, backlog, oldest_unsent_s } };
}

function sentences(health: Health, before = 4): string[] {
  return flowFacts(health, zh, before).flatMap((fact) => (fact.sentence === null ? [] : [fact.sentence]));
}

test('while all is well every fact has a value and none a sentence', () => {
  const facts = flowFacts(aHealth(), zh, 4);
  assert.deepEqual(facts.map((fact) => fact.key), ['bus', 'waiting', 'lag', 'influx', 'disk', 'dead']);
  assert.deepEqual(facts.map((fact) => fact.value), ['已连接', '12', '3 条', '未接入', '79 GB', '4']);
  assert.deepEqual(sentences(aHealth()), []);
});

test('every trouble on the way is a sentence with its remedy, in both languages', () => {
  const troubled: Health[] = [
    aHealth({ broker: { connected: false } }),
    aHealth({ flow: { waiting: 900, oldest_waiting_s: 61, forwarder: null } }),
    aHealth({ consumers: [{ name: 'cold-chain-watch', seq: 1, lag: 20_000 }] }),
    aHealth({ flow: forwarding('away', 600) }),
    aHealth({ flow: forwarding('stopped', 5) }),
    aHealth({ flow: forwarding('failed', null) }),
    aHealth({ room: { free_bytes: 300e6, store_bytes: 0 } }),
    aHealth({ ingest: { dead_letters: 7 } }),
  ];
  for (const health of troubled) {
    for (const words of [zh, en]) {
      const told = flowFacts(health, words, 4).filter((fact) => fact.sentence !== null);
      assert.equal(told.length, 1, JSON.stringify(health));
      assert.match(told[0]?.sentence ?? '', /[：:。.;]/u);
    }
  }
});

test('the oldest unsent row is told once it is a minute old', () => {
  const value = (health: Health): string | undefined => flowFacts(health, zh, 4).find((fact) => fact.key === 'influx')?.value;
  assert.equal(value(aHealth({ flow: forwarding('sending', 3) })), '正常');
  assert.equal(value(aHealth({ flow: forwarding('away', 600) })), '无应答 · 待传 4000 条，最久 10 分钟');
  assert.deepEqual(sentences(aHealth({ flow: forwarding('away', 20) })), []);
  assert.deepEqual(sentences(aHealth({ flow: forwarding('filling', 86_400) })), []);
});

test('what the forwarder owes is told of InfluxDB, not of the watch', () => {
  assert.deepEqual(sentences(aHealth({ consumers: [{ name: 'influx', seq: 1, lag: 90_000 }], flow: forwarding('filling', 9) })), []);
});

test('dead letters of before the page was opened are a number, new ones a sentence', () => {
  const fact = flowFacts(aHealth({ ingest: { dead_letters: 7 } }), zh, 4).at(-1);
  assert.equal(fact?.value, '7 (+3)');
  assert.match(fact?.sentence ?? '', /拒收 3 条/);
});

test('what the process of the page cannot know is a dash', () => {
  const facts = flowFacts(aHealth({ flow: null, room: null }), zh, 4);
  assert.deepEqual(facts.filter((fact) => fact.value === '–').map((fact) => fact.key), ['waiting', 'disk']);
});

test('missing devices and wrong clocks are told, a few missing ones are not', () => {
  assert.deepEqual(deviceSentences(aHealth(), 0, zh), []);
  assert.deepEqual(deviceSentences(aHealth({ devices: { registered: 119, connected: 110, seen: 119 } }), 0, zh), []);
  const told = deviceSentences(aHealth({ devices: { registered: 119, connected: 60, seen: 119 } }), 2, zh);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? '', /59 台未连接/);
  assert.match(told[1] ?? '', /2 台设备的时钟不准/);
});

test('sizes are told as makers of disks count', () => {
  assert.deepEqual([79.4e9, 1.25e9, 999e6, 0].map(size), ['79 GB', '1.3 GB', '999 MB', '0 MB']);
});

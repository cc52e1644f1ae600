import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerText, offered, subject, wishFrom } from '../src/commands/wording.ts';
import type { Command } from '../src/shared/contract.ts';
import { zh } from '../src/shared/messages/zh.ts';
import { anAsset } from './example.ts';

const cabinet = anAsset({ id: 'cab-0001', kind: 'cabinet' });
const mayOnly = (...known: string[]) => (permission: string): boolean => known.includes(permission);

function told(changes: Partial<Command>): Command {
  return {
    id: 'c', asset: 'cab-0001', name: 'unlock', args: {}, reason: '', by: 'lin', state: 'ok', requested_ms: 0, exp_ms: 30_000,
    sent_ms: 1, ended_ms: 2, answer: null, ...changes,
  };
}

test('who may nothing is offered nothing, and each permission offers its own commands', () => {
  assert.deepEqual(offered(cabinet, mayOnly()), []);
  assert.deepEqual(offered(cabinet, mayOnly('unlock')), ['unlock']);
  assert.deepEqual(offered(cabinet, mayOnly('command')), ['sale_lock', 'setpoint', 'price', 'voice']);
});

test('a truck has nothing to unlock, to price or to lock', () => {
  assert.deepEqual(offered(anAsset(), mayOnly('unlock', 'command')), ['setpoint', 'voice']);
});

test('the fields of a form become the body of the request', () => {
  assert.deepEqual(wishFrom('unlock', { reason: ' 补货开门 ' }), { name: 'unlock', reason: '补货开门' });
  assert.deepEqual(wishFrom('sale_lock', { locked: 'no' }), { name: 'sale_lock', reason: '', locked: false });
  assert.deepEqual(wishFrom('setpoint', { zone: '2', celsius: '-20.5' }), { name: 'setpoint', reason: '', zone: 2, celsius: -20.5 });
  assert.deepEqual(wishFrom('price', { tray: '3', price: '19.99' }), { name: 'price', reason: '', tray: 3, fen_per_kg: 1_999 });
  assert.deepEqual(wishFrom('voice', { text: '请关好门' }), { name: 'voice', reason: '', text: '请关好门' });
});

test('what was told is worded with its unit, zero and false too', () => {
  assert.equal(subject(told({ name: 'price', args: { tray: 3, fen_per_kg: 1_280 } }), zh), '货道 3 · 12.80');
  assert.equal(subject(told({ name: 'setpoint', args: { zone: 1, celsius: 0 } }), zh), '温区 1 · 0 °C');
  assert.equal(subject(told({ name: 'sale_lock', args: { locked: false } }), zh), '恢复销售');
  assert.equal(subject(told({}), zh), '');
});

test('what the device answered is shown, in our words where we know it', () => {
  assert.equal(answerText(told({}), zh), '');
  assert.equal(answerText(told({ answer: '"sale lock"' }), zh), zh.commands.saleLocked);
  assert.equal(answerText(told({ answer: '"zone 1 is not cooled"' }), zh), 'zone 1 is not cooled');
});

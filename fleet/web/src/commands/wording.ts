/** Which commands an asset can be sent by whom, and what became of them in words. */
import { commandNames, type Asset, type Command, type CommandName, type CommandState } from '../shared/contract.ts';
import type { Messages } from '../shared/messages/zh.ts';

const cabinetsOnly: readonly CommandName[] = ['unlock', 'sale_lock', 'price'];

export const stateTone: Record<CommandState, string> = {
  requested: '', sent: '', ok: 'ok', rejected: 'alarm', failed: 'alarm', expired: 'unknown', timeout: 'unknown',
};

/** The commands to offer; the platform checks again itself. */
export function offered(asset: Asset, may: (permission: string) => boolean): CommandName[] {
  return commandNames.filter(
    (name) => (asset.kind === 'cabinet' || !cabinetsOnly.includes(name)) && may(name === 'unlock' ? 'unlock' : 'command'),
  );
}

/** The body of the request from the fields of the form. */
export function wishFrom(name: CommandName, fields: Readonly<Record<string, string>>): Record<string, unknown> {
  const field = (key: string): string => (fields[key] ?? '').trim();
  const about = { name, reason: field('reason') };
  switch (name) {
    case 'unlock': return about;
    case 'sale_lock': return { ...about, locked: field('locked') === 'yes' };
    case 'setpoint': return { ...about, zone: Number(field('zone')), celsius: Number(field('celsius')) };
    case 'price': return { ...about, tray: Number(field('tray')), fen_per_kg: Math.round(Number(field('price')) * 100) };
    case 'voice': return { ...about, text: field('text') };
  }
}

/** What a command was about, beside its name: `货道 3 · 12.80`. */
export function subject(command: Command, t: Messages): string {
  const { args } = command;
  switch (command.name) {
    case 'unlock': return '';
    case 'sale_lock': return args['locked'] ? t.commands.locked.yes : t.commands.locked.no;
    case 'setpoint': return `${t.card.zone(Number(args['zone']))} · ${String(args['celsius'])} °C`;
    case 'price': return `${t.commands.tray} ${String(args['tray'])} · ${(Number(args['fen_per_kg']) / 100).toFixed(2)}`;
    case 'voice': return String(args['text']);
  }
}

/** What the device said beside its verdict; nothing when it said nothing. */
export function answerText(command: Command, t: Messages): string {
  if (command.answer === null) return '';
  if (command.answer === '"sale lock"') return t.commands.saleLocked;
  return command.answer.replace(/^"(.*)"$/s, '$1');
}

import { useSignal, useSignalEffect } from '@preact/signals';
import { now_ms } from '../ops/clock.ts';
import { may } from '../session/session.ts';
import type { Asset, Command, CommandName } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { ProblemNote } from '../shared/ProblemNote.tsx';
import { asProblem, type Problem } from '../shared/problem.ts';
import { stamp } from '../shared/time.ts';
import { CommandForm } from './CommandForm.tsx';
import './commands.css';
import { fetchCommands, version } from './commands.ts';
import { answerText, offered, stateTone, subject } from './wording.ts';

function Row({ command }: { command: Command }) {
  const text = t.value.commands;
  const about = subject(command, t.value);
  const said = answerText(command, t.value);
  return (
    <li class="command" data-testid="command-row" data-id={command.id} data-state={command.state} data-name={command.name}>
      <span><b>{text.names[command.name]}</b>{about && ` · ${about}`}</span>
      <span class="chip" data-tone={stateTone[command.state]}>{text.states[command.state]}</span>
      <small>{text.by(command.by, stamp(command.requested_ms, now_ms.value))}{command.reason && ` · ${command.reason}`}</small>
      {said && <small class="command-said">{said}</small>}
    </li>
  );
}

function Told({ asset }: { asset: string }) {
  const listed = useSignal<readonly Command[]>([]);
  const problem = useSignal<Problem | null>(null);
  useSignalEffect(() => {
    const asked = version.value; // ask again whenever something about commands changed
    fetchCommands(asset).then(
      (found) => { if (asked === version.peek()) listed.value = found; problem.value = null; },
      (fault: unknown) => { problem.value = asProblem(fault); },
    );
  });
  if (problem.value) return <ProblemNote problem={problem.value} />;
  return <ul class="commands" aria-live="polite">{listed.value.map((command) => <Row key={command.id} command={command} />)}</ul>;
}

/** What may be told to the asset, and what became of what was told; nothing for those who may tell nothing. */
export function Commands({ asset }: { asset: Asset }) {
  const chosen = useSignal<CommandName | null>(null);
  const names = offered(asset, may);
  if (names.length === 0) return null;
  const text = t.value.commands;
  return (
    <section class="card-commands" data-testid="commands" aria-label={text.heading}>
      <div class="command-buttons">
        {names.map((name) => (
          <button key={name} type="button" class="button small" data-testid={`command-${name}`} onClick={() => { chosen.value = name; }}>{text.names[name]}</button>
        ))}
      </div>
      <Told asset={asset.id} />
      {chosen.value && <CommandForm asset={asset} name={chosen.value} close={() => { chosen.value = null; }} />}
    </section>
  );
}

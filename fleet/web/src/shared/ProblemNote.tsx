import { t } from './language.ts';
import { problemWords, type Problem, type Words } from './problem.ts';

interface Props {
  problem: Problem;
  /** What a status means in this very place, where that is more than what it means everywhere. */
  meanings?: Readonly<Record<number, Words>>;
  retry?: () => void;
}

export function ProblemNote({ problem, meanings = {}, retry }: Props) {
  const words = { ...problemWords(problem, t.value), ...meanings[problem.status] };
  const quoted = meanings[problem.status] ? '' : words.server;
  return (
    <div class="problem" role="alert">
      <strong>{words.fault}</strong>
      <span>{words.remedy}</span>
      {quoted && <small lang="en">{quoted}</small>}
      {retry && <button type="button" class="button quiet small" onClick={retry}>{t.value.retry}</button>}
    </div>
  );
}

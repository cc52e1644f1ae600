import { t } from './language.ts';
import { problemWords, type Problem } from './problem.ts';

export function ProblemNote({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const words = problemWords(problem, t.value);
  return (
    <div class="problem" role="alert">
      <strong>{words.fault}</strong>
      <span>{words.remedy}</span>
      {retry && <button type="button" class="button quiet small" onClick={retry}>{t.value.retry}</button>}
    </div>
  );
}

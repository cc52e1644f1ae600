import type { Messages } from './messages/zh.ts';

/** A refused or failed request: what went wrong (`detail`) and what to do about it (`remedy`). Status 0: no answer. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly remedy: string;

  constructor(status: number, text: { title?: string; detail?: string; remedy?: string } = {}) {
    super(text.detail ?? text.title ?? `status ${status}`);
    this.status = status;
    this.title = text.title ?? '';
    this.detail = text.detail ?? '';
    this.remedy = text.remedy ?? '';
  }
}

export interface Words {
  fault: string;
  remedy: string;
}

/** Fault and remedy in the language of the page, and what the server said where that adds something. */
export function problemWords(problem: Problem, t: Messages): Words & { server: string } {
  const known = t.problem.statuses[problem.status as keyof Messages['problem']['statuses']];
  const own = known ?? (problem.status === 0 ? t.problem.unreachable : t.problem.refused(problem.status));
  const said = problem.detail || problem.title;
  if (t.problem.serverSuffices && said) return { fault: said, remedy: problem.remedy || own.remedy, server: '' };
  return { ...own, server: [said, problem.remedy].filter(Boolean).join(' ') };
}

/** A caught fault as a Problem; anything that is no Problem is a bug and goes on. */
export function asProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  throw fault;
}

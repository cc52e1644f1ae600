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

/** Fault and remedy in words; the server's own words win over ours. */
export function problemWords(problem: Problem, t: Messages): { fault: string; remedy: string } {
  const fallback = problem.status === 0 ? t.problem.unreachable : t.problem.refused(problem.status);
  return {
    fault: problem.detail || problem.title || fallback.fault,
    remedy: problem.remedy || fallback.remedy,
  };
}

/** A caught fault as a Problem; anything that is no Problem is a bug and goes on. */
export function asProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  throw fault;
}

/** One request at a time, its refusal kept for the page to tell. */
import { useSignal, type Signal } from '@preact/signals';
import { asProblem, type Problem } from '../shared/problem.ts';

export interface Work {
  problem: Signal<Problem | null>;
  run: (work: () => Promise<void>) => Promise<void>;
}

export function useWork(): Work {
  const problem = useSignal<Problem | null>(null);
  const run = async (work: () => Promise<void>): Promise<void> => {
    problem.value = null;
    try {
      await work();
    } catch (fault) {
      problem.value = asProblem(fault);
    }
  };
  return { problem, run };
}

/** Village polygons and county borders, fetched once per page. */
import { signal } from '@preact/signals';
import { get } from '../shared/api.ts';
import { asProblem, type Problem } from '../shared/problem.ts';
import type { Areas } from './features.ts';

export interface Ground {
  villages: Areas;
  counties: Areas;
}

export interface Village {
  code: string;
  name: string;
  town: string;
  county: string;
  served: boolean;
}

export const ground = signal<Ground | null>(null);
export const groundProblem = signal<Problem | null>(null);
export const hovered = signal<Village | null>(null);

export async function loadGround(): Promise<void> {
  if (ground.value) return;
  try {
    const [villages, counties] = await Promise.all([get<Areas>('/api/geo/villages'), get<Areas>('/api/geo/counties')]);
    ground.value = { villages, counties };
    groundProblem.value = null;
  } catch (fault) {
    groundProblem.value = asProblem(fault);
  }
}

/** Platform time: the last instant the platform told us, carried on by this machine's monotonic clock. */
import { signal } from '@preact/signals';

export interface Anchor {
  now_ms: number;
  speed: number;
  told_ms: number;
}

/** Platform time at the monotonic instant `monotonic_ms`; never before what was told. */
export function platformTime(anchor: Anchor, monotonic_ms: number): number {
  return anchor.now_ms + Math.max(0, monotonic_ms - anchor.told_ms) * anchor.speed;
}

export const anchor = signal<Anchor | null>(null);
export const now_ms = signal(0);

export function tell(told: { now_ms: number; speed?: number }): void {
  const speed = told.speed ?? anchor.value?.speed ?? 1;
  anchor.value = { now_ms: told.now_ms, speed, told_ms: performance.now() };
  now_ms.value = told.now_ms;
}

export function tick(): void {
  if (anchor.value) now_ms.value = platformTime(anchor.value, performance.now());
}

const longest_ms = 15_000;

/** Pause before attempt number `attempt` (from 1) to reach the platform again, in milliseconds. */
export function pauseBefore(attempt: number): number {
  return Math.min(longest_ms, 500 * 2 ** attempt);
}

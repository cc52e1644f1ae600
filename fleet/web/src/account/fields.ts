/** What forms of accounts and tokens hold, as the platform wants it. */

/** One grant per line or word; everything only where that is ticked, so that an empty field never widens a scope. */
export function scopeOf(said: Readonly<Record<string, string>>): string[] | null {
  if (said['everything']) return null;
  return (said['scope'] ?? '').split(/[\s,，、]+/).filter(Boolean);
}

/** `2026-09-22 08:42` in Shanghai. */
export function dayAndTime(at_ms: number): string {
  const text = new Date(at_ms + 8 * 3_600_000).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 16)}`;
}

/** What a form says, which is then sent by us and not by the browser. */
export function fieldsOf(event: SubmitEvent): Record<string, string> {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  return Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value)]));
}

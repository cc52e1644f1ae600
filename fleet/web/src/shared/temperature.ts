/** Temperatures in words. A reading of 0 °C is a reading; only null is missing. */

/** `3.4 °C`, `−18 °C`, or `—` for none; the sign is a real minus. */
export function celsiusText(celsius: number | null): string {
  return celsius === null ? '—' : `${signed(celsius)} °C`;
}

/** `0…8 °C`, `≤ −18 °C`, `≥ 2 °C`, or `—` when the zone has no limit. */
export function limitsText(low_celsius: number | null, high_celsius: number | null): string {
  if (low_celsius !== null && high_celsius !== null) return `${signed(low_celsius)}…${signed(high_celsius)} °C`;
  if (high_celsius !== null) return `≤ ${signed(high_celsius)} °C`;
  return low_celsius === null ? '—' : `≥ ${signed(low_celsius)} °C`;
}

/** Whether a reading stands outside the limits of its zone. */
export function outside(celsius: number | null, limits: { low_celsius: number | null; high_celsius: number | null }): boolean {
  if (celsius === null) return false;
  const over = limits.high_celsius !== null && celsius > limits.high_celsius;
  const under = limits.low_celsius !== null && celsius < limits.low_celsius;
  return over || under;
}

function signed(celsius: number): string {
  const text = celsius.toFixed(1).replace(/\.0$/, '');
  return text === '-0' ? '0' : text.replace('-', '−');
}

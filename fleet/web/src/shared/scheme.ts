/** Light or dark, as the system says. */
import { signal } from '@preact/signals';

export type Scheme = 'light' | 'dark';

const dark = matchMedia('(prefers-color-scheme: dark)');
const read = (): Scheme => (dark.matches ? 'dark' : 'light');

export const scheme = signal<Scheme>(read());
dark.addEventListener('change', () => {
  scheme.value = read();
});

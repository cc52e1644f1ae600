import type { Language } from '../time.ts';
import { en } from './en.ts';
import { zh, type Messages } from './zh.ts';

export const catalogues: Readonly<Record<Language, Messages>> = { zh, en };

/** The language asked for in the address, else the one kept, else Chinese. */
export function chooseLanguage(search: string, kept: string | null): Language {
  const asked = new URLSearchParams(search).get('lang') ?? kept;
  return asked === 'en' ? 'en' : 'zh';
}

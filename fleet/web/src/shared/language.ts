/** The language of the page: `?lang=en` wins and is kept, then what was kept before, then Chinese. */
import { computed, effect, signal } from '@preact/signals';
import { catalogues, chooseLanguage } from './messages/catalogues.ts';
import type { Language } from './time.ts';

const key = 'gongfu.language';

export const language = signal<Language>(chooseLanguage(location.search, localStorage.getItem(key)));
export const t = computed(() => catalogues[language.value]);

effect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
  document.title = t.value.title;
  localStorage.setItem(key, language.value);
});

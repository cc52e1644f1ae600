import { language, t } from './language.ts';

export function LanguageSwitch() {
  const other = language.value === 'zh' ? 'en' : 'zh';
  return (
    <button type="button" class="button quiet small" lang={other} aria-label={t.value.language.label} onClick={() => { language.value = other; }}>
      {t.value.language.other}
    </button>
  );
}

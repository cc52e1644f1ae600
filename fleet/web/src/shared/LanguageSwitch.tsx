import { language, t } from './language.ts';

export function LanguageSwitch() {
  const other = language.value === 'zh' ? 'en' : 'zh';
  const change = (): void => {
    language.value = other;
  };
  return (
    <button type="button" class="button quiet small" lang={other} aria-label={t.value.language.label} onClick={change}>
      {t.value.language.other}
    </button>
  );
}

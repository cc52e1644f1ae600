import { t } from './language.ts';
import { takeNewVersion, waiting } from './shell.ts';

export function UpdateNotice() {
  if (!waiting.value) return null;
  return <button type="button" class="button primary update-notice" onClick={takeNewVersion}>{t.value.newVersion}</button>;
}

import type { ComponentChildren } from 'preact';
import { t } from '../shared/language.ts';
import { LanguageSwitch } from '../shared/LanguageSwitch.tsx';
import { pages } from '../shared/route.ts';
import './account.css';

/** A page beside operations: a heading and the way back. */
export function Frame({ heading, children }: { heading: string; children: ComponentChildren }) {
  return (
    <div class="page">
      <header class="page-header">
        <h1>{heading}</h1>
        <LanguageSwitch />
        <a href={pages.operations} data-testid="to-operations">{t.value.account.back}</a>
      </header>
      <main class="page-main">{children}</main>
    </div>
  );
}

/** A secret that is told this once. */
export function Once({ label, secret }: { label: string; secret: string }) {
  return (
    <p class="once" role="status">
      {label}
      <code data-testid="secret-once">{secret}</code>
    </p>
  );
}

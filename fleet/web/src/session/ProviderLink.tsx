import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '../shared/api.ts';
import type { SignInOffer } from '../shared/contract.ts';
import { t } from '../shared/language.ts';

/** What the platform says in the address when a sign-in elsewhere led to nothing. */
export function wordOf(search: string): string | null {
  return new URLSearchParams(search).get('sso');
}

/** The way to sign in at a provider, where there is one. */
export function ProviderLink() {
  const offer = useSignal<SignInOffer | null>(null);
  useEffect(() => {
    // Without an answer one signs in by password.
    get<SignInOffer>('/api/oidc').then((found) => (offer.value = found), () => undefined);
  }, []);
  const text = t.value.signIn;
  const words: Readonly<Record<string, string>> = text.elsewhere;
  const word = wordOf(location.search);
  return (
    <>
      {word !== null && <p class="sign-in-expired" role="alert" data-testid="sso-word">{words[word] ?? text.elsewhere.refused}</p>}
      {offer.value?.available && (
        <a class="button sign-in-elsewhere" href="/api/oidc/start" data-testid="sso-start">{offer.value.label || text.provider}</a>
      )}
    </>
  );
}

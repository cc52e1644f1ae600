import { useEffect } from 'preact/hooks';
import { AccountPage } from './account/AccountPage.tsx';
import { AuditPage } from './audit/AuditPage.tsx';
import { InboxPage } from './incidents/InboxPage.tsx';
import { OpsPage } from './ops/OpsPage.tsx';
import { PeoplePage } from './people/PeoplePage.tsx';
import { PoliciesPage } from './policies/PoliciesPage.tsx';
import { QualityPage } from './quality/QualityPage.tsx';
import { SignIn } from './session/SignIn.tsx';
import { may, mayAudit, resume, session, startProblem } from './session/session.ts';
import { t } from './shared/language.ts';
import { followAddress, openPage } from './shared/route.ts';
import { ProblemNote } from './shared/ProblemNote.tsx';
import { UpdateNotice } from './shared/UpdateNotice.tsx';

function Inside() {
  if (openPage.value === 'account') return <AccountPage />;
  if (openPage.value === 'inbox') return <InboxPage />;
  if (openPage.value === 'quality') return <QualityPage />;
  if (openPage.value === 'policies') return <PoliciesPage />;
  if (openPage.value === 'people' && may('people')) return <PeoplePage />;
  if (openPage.value === 'audit' && mayAudit.value) return <AuditPage />;
  return <OpsPage />;
}

function Gate() {
  if (session.value) return <Inside />;
  if (session.value === null) return <SignIn />;
  const problem = startProblem.value;
  return (
    <main class="sign-in">
      {problem ? <ProblemNote problem={problem} retry={() => void resume()} /> : <p role="status">{t.value.loading}</p>}
    </main>
  );
}

export function App() {
  useEffect(() => void resume(), []);
  useEffect(followAddress, []);
  return (
    <>
      <Gate />
      <UpdateNotice />
    </>
  );
}

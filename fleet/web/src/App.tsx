import { useEffect } from 'preact/hooks';
import { OpsPage } from './ops/OpsPage.tsx';
import { SignIn } from './session/SignIn.tsx';
import { resume, session, startProblem } from './session/session.ts';
import { t } from './shared/language.ts';
import { ProblemNote } from './shared/ProblemNote.tsx';
import { UpdateNotice } from './shared/UpdateNotice.tsx';

function Gate() {
  if (session.value) return <OpsPage />;
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
  return (
    <>
      <Gate />
      <UpdateNotice />
    </>
  );
}

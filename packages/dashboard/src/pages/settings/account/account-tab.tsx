import { useAct, useAsk } from "../../../data/ask.ts";
import { Answer, ErrorState, Panel } from "../../../shell/states.tsx";
import { SessionRows } from "../session-rows.tsx";
import { PasswordPanel } from "./password-panel.tsx";
import { SecondFactorPanel } from "./second-factor-panel.tsx";

/** What people change about their own signing in. */
export default function AccountTab() {
  const sessions = useAsk(["sessions", "own"], (client, options) => client.auth.sessions(options));
  const end = useAct((client, id: string) => client.auth.revokeSession(id), ["sessions"]);
  return (
    <div className="settings-stack">
      <Panel title="Where you are signed in">
        <Answer of={sessions} rows={3}>
          {(all) => (
            <SessionRows
              sessions={all}
              isBusy={(id) => end.isPending && end.variables === id}
              onEnd={(id) => end.mutate(id)}
            />
          )}
        </Answer>
        {end.error === null ? null : <ErrorState error={end.error} />}
      </Panel>
      <div className="panels">
        <PasswordPanel />
        <SecondFactorPanel />
      </div>
    </div>
  );
}

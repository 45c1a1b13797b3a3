import type { Permission } from "@llm-cost-ops/contract/permissions";
import type { CostOpsClient, WhoAmI } from "@llm-cost-ops/sdk";
import { createContext, type ReactNode, useContext, useSyncExternalStore } from "react";
import type { Credential, SessionState } from "./credential.ts";

const CredentialContext = createContext<Credential | undefined>(undefined);

export function CredentialProvider({ credential, children }: { credential: Credential; children: ReactNode }) {
  return <CredentialContext value={credential}>{children}</CredentialContext>;
}

export function useCredential(): Credential {
  const credential = useContext(CredentialContext);
  if (credential === undefined) throw new Error("there is no CredentialProvider around this");
  return credential;
}

export function useSessionState(): SessionState {
  const credential = useCredential();
  return useSyncExternalStore(credential.subscribe, credential.state);
}

/** True while the server does not answer. */
export function useServerIsAway(): boolean {
  const { reachability } = useCredential();
  return useSyncExternalStore(reachability.subscribe, reachability.isAway);
}

/** Who is signed in, what they may do, and the client that asks for them. Only within the shell, where somebody is. */
export interface Session {
  readonly client: CostOpsClient;
  readonly whoami: WhoAmI;
  readonly organizationId: string;
  readonly by: "password" | "key";
  /** Whether all of these are allowed. What is not is hidden or disabled; the server decides in any case. */
  may(...permissions: readonly Permission[]): boolean;
}

export function useSession(): Session {
  const { client } = useCredential();
  const state = useSessionState();
  if (state.kind !== "signed_in") throw new Error("nobody is signed in");
  const { whoami, by } = state;
  return {
    client,
    whoami,
    organizationId: whoami.organizationId,
    by,
    may: (...permissions) => permissions.every((permission) => whoami.permissions.includes(permission)),
  };
}

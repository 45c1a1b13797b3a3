import type { Organization } from "@llm-cost-ops/sdk";
import { useSession } from "../session/session-context.tsx";
import { useAsk } from "./ask.ts";

/** The caller's organization; undefined until it is known, and where it may not be read. */
export function useOrganization(): Organization | undefined {
  const { may, organizationId } = useSession();
  const { data } = useAsk(
    ["organizations", organizationId],
    (client, options) => client.organizations.get(organizationId, options),
    { enabled: may("organizations:read") },
  );
  return data;
}

/** The IANA zone that days are days of: the organization's, which is known with who is signed in, before it is read itself. */
export function useTimeZone(): string {
  const { whoami } = useSession();
  const organization = useOrganization();
  return organization === undefined ? whoami.timezone : (organization.settings.timezone ?? "UTC");
}

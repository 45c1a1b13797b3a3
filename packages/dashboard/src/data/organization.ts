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

/** The IANA zone that days are days of: the organization's, else UTC. Undefined until it is known, so that nothing is asked twice. */
export function useTimeZone(): string | undefined {
  const { may } = useSession();
  const organization = useOrganization();
  if (!may("organizations:read")) return "UTC";
  return organization === undefined ? undefined : (organization.settings.timezone ?? "UTC");
}

/** The zone that times are written in: always one, for what is shown before the organization is known. */
export const useShownTimeZone = (): string => useTimeZone() ?? "UTC";

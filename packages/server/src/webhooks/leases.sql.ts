import { installationRead, storeChange, storeWrite } from "../store/operation.ts";
import { type NamedWebhook, removeWebhook } from "./endpoints.sql.ts";

/** To be called when somebody asked for the deliveries of an endpoint that is there for that alone. */
export const renewLease = storeWrite(
  "webhooks.renewLease",
  async (connection, { organizationId, id }: NamedWebhook): Promise<void> => {
    await connection.run(
      "UPDATE webhooks SET leased_until = ? + lease_ms WHERE organization_id = ? AND id = ? AND lease_ms IS NOT NULL",
      connection.now(),
      organizationId,
      id,
    );
  },
  "it keeps what is there for as long as somebody looks at it",
);

/** The endpoints that nobody has asked about for as long as they were to be there. */
export const endedLeases = installationRead(
  "webhooks.endedLeases",
  async (connection, _args: null): Promise<readonly NamedWebhook[]> => {
    const rows = await connection.all<{ readonly organization_id: string; readonly id: string }>(
      "SELECT organization_id, id FROM webhooks WHERE leased_until <= ? ORDER BY leased_until",
      connection.now(),
    );
    return rows.map(({ organization_id: organizationId, id }) => ({ organizationId, id }));
  },
);

/** Deletes such an endpoint, unless its lease was renewed meanwhile or somebody deleted it. */
export const endLease = storeChange("webhooks.endLease", async (connection, named: NamedWebhook): Promise<void> => {
  const ended = await connection.get(
    "SELECT id FROM webhooks WHERE organization_id = ? AND id = ? AND leased_until <= ?",
    named.organizationId,
    named.id,
    connection.now(),
  );
  if (ended !== undefined) await removeWebhook(connection, named);
});

/** For the registry. */
export const webhookLeaseOperations = [renewLease, endedLeases, endLease] as const;

import { LiveQuery } from "../live.ts";
import { get, type Operation } from "../operation.ts";

/** What is recorded, as it happens. */
export const liveOperations = {
  "live.stream": get("/stream", "Live", "What is recorded, as it is committed: server-sent events without an end.", {
    permission: "costs:read",
    query: LiveQuery,
    success: {
      status: 200,
      contentTypes: ["text/event-stream"],
      description: "Events `usage.created`, `cost.created`, `cost.updated` and `alert.*`, and `end` with a reason.",
    },
    errors: ["STREAM_001"],
  }),
} as const satisfies Record<string, Operation>;

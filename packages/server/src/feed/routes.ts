import type { Routes } from "../http/route.ts";
import type { LiveStreams } from "./live-streams.ts";

/** What is recorded, as it happens. */
export function liveRoutes({ streams }: { readonly streams: LiveStreams }): Routes {
  return {
    "live.stream": {
      body: "json",
      handle: ({ caller, query, headers, signal }) => {
        const { authorization, "last-event-id": lastEventId } = headers;
        return streams.open({
          caller,
          query,
          signal,
          authorization: one(authorization),
          lastEventId: one(lastEventId),
        });
      },
    },
  };
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

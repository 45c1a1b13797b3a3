import { Loader } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useServerIsAway } from "../session/session-context.tsx";
import { Notice } from "./notice.tsx";

/** Says that the server does not answer, and asks again whatever failed once it does. */
export function AwayBanner() {
  const isAway = useServerIsAway();
  const wasAway = useRef(false);
  const queries = useQueryClient();
  useEffect(() => {
    if (wasAway.current && !isAway) void queries.invalidateQueries();
    wasAway.current = isAway;
  }, [isAway, queries]);
  if (!isAway) return null;
  return (
    <Notice kind="warning" icon={<Loader size="xs" />} title="The server does not answer">
      It may be restarting. What you see is what it last said; this page goes on by itself.
    </Notice>
  );
}

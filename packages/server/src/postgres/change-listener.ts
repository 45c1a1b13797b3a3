import pg from "pg";
import { watchedChannel } from "../alerts/watched-changes.ts";
import { accessChannel } from "../identity/access-revision.sql.ts";
import { sessionOptions } from "./pool.ts";

const reconnectMs = 1_000;

export interface ChangeListener {
  close(): Promise<void>;
}

/**
 * Hears on a connection of its own when any process changed what credentials are allowed, or what is watched in an
 * organization. What was missed while the connection was away counts as a change of access, so `onAccessChanged` is told
 * each time that it is made; of what is watched nothing is lost, since everything is looked at again and again.
 */
export function listenForChanges({
  url,
  onAccessChanged,
  onWatchedChanged,
}: {
  readonly url: string;
  readonly onAccessChanged: () => void;
  readonly onWatchedChanged?: ((organizationId: string) => void) | undefined;
}): ChangeListener {
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;

  const connect = async (): Promise<void> => {
    const made = new pg.Client({ ...sessionOptions(url), keepAlive: true });
    client = made;
    made.on("notification", ({ channel, payload = "" }) =>
      channel === watchedChannel ? onWatchedChanged?.(payload) : onAccessChanged(),
    );
    // Whatever ends it is followed by its end.
    made.on("error", () => undefined);
    made.on("end", again);
    try {
      await made.connect();
      await made.query(`LISTEN ${accessChannel}; LISTEN ${watchedChannel}`);
      onAccessChanged();
    } catch {
      await made.end().catch(() => undefined);
      again();
    }
  };
  const again = (): void => {
    if (isClosed || retry !== undefined) return;
    retry = setTimeout(() => {
      retry = undefined;
      void connect();
    }, reconnectMs).unref();
  };

  void connect();
  return {
    close: async () => {
      isClosed = true;
      clearTimeout(retry);
      await client?.end().catch(() => undefined);
    },
  };
}

import pg from "pg";
import { accessChannel } from "../identity/access-revision.sql.ts";
import { sessionOptions } from "./pool.ts";

const reconnectMs = 1_000;

export interface AccessListener {
  close(): Promise<void>;
}

/**
 * Hears on a connection of its own when any process changed what credentials are allowed. What was missed while the
 * connection was away counts as a change, so `onChanged` is told each time that it is made.
 */
export function listenForAccess({
  url,
  onChanged,
}: {
  readonly url: string;
  readonly onChanged: () => void;
}): AccessListener {
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;

  const connect = async (): Promise<void> => {
    const made = new pg.Client({ ...sessionOptions(url), keepAlive: true });
    client = made;
    made.on("notification", onChanged);
    // Whatever ends it is followed by its end.
    made.on("error", () => undefined);
    made.on("end", again);
    try {
      await made.connect();
      await made.query(`LISTEN ${accessChannel}`);
      onChanged();
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

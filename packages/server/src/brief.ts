import type { Composition } from "./compose.ts";
import type { Config } from "./config.ts";
import { openStore } from "./open-store.ts";

/**
 * A server for the length of one command. The database opens while the rest is being loaded, for a person
 * waits; a module of its own, so that importing it loads nothing else.
 */
export async function composeBriefly(config: Config): Promise<Composition> {
  const opening = openStore(config, { isForOneCommand: true });
  opening.catch(() => undefined);
  const [{ compose }, { createLogger }] = await Promise.all([import("./compose.ts"), import("./http/request-log.ts")]);
  return compose(config, { clock: Date.now, logger: createLogger("silent"), brief: { opened: await opening } });
}

import { AsyncLocalStorage } from "node:async_hooks";
import { userInfo } from "node:os";
import type { Caller } from "../http/route.ts";
import type { Store } from "../store/operation.ts";
import { type Actor, processActor } from "./actor.ts";

/** A request as far as the audit trail tells of it. */
export interface ActingRequest {
  readonly caller: Caller;
  readonly requestId: string;
  readonly clientAddress: string | undefined;
  readonly userAgent: string | undefined;
}

/**
 * Knows on whose behalf the process works at this moment. The actor goes along with the work instead of through every
 * signature between a route and its statements: what nobody hands on, nobody can forget to hand on.
 */
export interface Acting {
  /** Everything that `work` sets off is the request's doing. The request is looked at when there is something to tell. */
  during<T>(request: () => ActingRequest, work: () => T): T;
  /** What `work` sets off is the process's own doing, though a request gave the occasion: a queue that is worked off. */
  aside<T>(work: () => T): T;
  /** Outside of every request the process itself. */
  current(): Actor;
}

const userAgentCharsMax = 256;

/** `own` is who acts where nobody asked, or where the process asks itself. */
export function createActing(own: Actor): Acting {
  const requests = new AsyncLocalStorage<() => ActingRequest>();
  return {
    during: (request, work) => requests.run(request, work),
    aside: (work) => requests.exit(work),
    current() {
      const request = requests.getStore()?.();
      if (request === undefined) return own;
      const { principal } = request.caller;
      const { kind, id, name } = principal.kind === "process" ? own : principal;
      return {
        kind,
        id: id || null,
        name: name || null,
        clientAddress: request.clientAddress ?? null,
        userAgent: request.userAgent?.slice(0, userAgentCharsMax) ?? null,
        requestId: request.requestId,
      };
    },
  };
}

/** Who acts in a process that runs one command: the user of the operating system who gave it. */
export function commandActor(): Actor {
  let name: string | null = null;
  try {
    name = userInfo().username;
  } catch {
    // Containers run as users whom their system has no name for.
  }
  return { ...processActor, kind: "command", name };
}

/** The store as use-cases get it: each operation knows who set it off. */
export const actingStore = (store: Store, acting: Pick<Acting, "current">): Store => ({
  run: (operation, args) => store.run(operation, args, operation.audit === "recorded" ? acting.current() : undefined),
});

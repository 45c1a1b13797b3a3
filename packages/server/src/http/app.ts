import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from "node:http";
import {
  fullPath,
  type Operation,
  type OperationId,
  operations,
  type Permission,
  permissionMeanings,
  permissionsOf,
} from "@llm-cost-ops/contract";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from "fastify";
import type { Acting, ActingRequest } from "../audit/acting.ts";
import type { Dashboard } from "../dashboard/dashboard.ts";
import type { Once } from "../idempotency/once.ts";
import { commonScope, type RecordScope } from "../identity/record-scope.ts";
import type { Admission, RateLimits } from "../limits/rate-limits.ts";
import { Refusal } from "../refusal.ts";
import { clientAddress } from "./client-address.ts";
import { Endpoint } from "./endpoint.ts";
import { errorAnswer } from "./error-answer.ts";
import { requestIdOf, traceIdOf } from "./request-identity.ts";
import type { Caller, Reply, Route, Routes } from "./route.ts";
import { sendError, sendReply } from "./send.ts";
import { SlowBodies } from "./slow-bodies.ts";
import { answerUnreadable } from "./unreadable-request.ts";

/** Turns an `Authorization` header into a caller, at once where the key is known, or refuses with AUTH_001. */
export interface Authenticator {
  authenticate(authorization: string | undefined): Caller | Promise<Caller>;
}

/** One answered request, for the log and the metrics. */
export interface AnsweredRequest {
  readonly operation: OperationId | undefined;
  readonly method: string;
  /** The path without its query, for requests that no operation answers. */
  readonly path: string | undefined;
  readonly status: number;
  readonly durationMs: number;
  readonly requestId: string;
  readonly traceId: string | undefined;
  /** Undefined within the process and where the connection has gone. */
  readonly clientAddress: string | undefined;
  readonly organizationId: string | undefined;
  /** The reason of a 5xx answer, or of a stream that broke off. */
  readonly error: unknown;
}

export interface AppParts {
  readonly routes: readonly Routes[];
  /** The table of operations, where it is not the contract's own. */
  readonly operations?: Readonly<Record<OperationId, Operation>>;
  readonly authenticator: Authenticator;
  /** Nobody is limited if absent. */
  readonly limits?: RateLimits | undefined;
  /** Learns on whose behalf changes are made, for the audit trail. */
  readonly acting?: Pick<Acting, "during">;
  /** Called once for each request, when its answer is complete. */
  readonly onAnswered: (request: AnsweredRequest) => void;
  /** Keeps what requests with an `Idempotency-Key` were answered; without it the header means nothing. */
  readonly once?: Once;
  /** The pages for browsers; without them there is nothing at their addresses. */
  readonly dashboard?: Dashboard | undefined;
  /** How long a sender may pause within a body. */
  readonly bodyTimeoutMs?: number;
  /** How long a sender may take for the request line and the headers. */
  readonly headersTimeoutMs?: number;
  /** Whether a proxy stands in front, which says in X-Forwarded-For who asked. */
  readonly trustProxy?: boolean;
  /** Makes the server that listens, where that is not one of plain HTTP. */
  readonly createServer?: ((listener: RequestListener, options: ServerOptions) => Server) | undefined;
}

/** The HTTP side of a server, with its doors. */
export interface App {
  readonly fastify: FastifyInstance;
  /** Until it is called every address but /live answers 503. */
  open(): void;
  /** From now on new requests are answered 503; those under way finish. */
  beginStopping(): void;
}

const unused = (): never => {
  throw new Error("no route has a schema of the framework's");
};

const nobody: Caller = {
  organizationId: "",
  principal: { kind: "nobody", id: "", name: "" },
  permissions: new Set(),
};
const alwaysOpen: ReadonlySet<OperationId> = new Set([
  "system.live",
  "system.health",
  "system.ready",
  "system.metrics",
]);

/**
 * Builds the HTTP application from the table of operations. Throws where an operation has no route or two, or a route
 * no operation, or where an operation names no permission: a server with a hole in its interface must not start.
 */
export function createApp(parts: AppParts): App {
  const slow = new SlowBodies(parts.bodyTimeoutMs ?? 30_000);
  const { createServer, trustProxy = false } = parts;
  const keepAliveTimeout = 72_000;
  const http = {
    headersTimeout: parts.headersTimeoutMs ?? 15_000,
    connectionsCheckingInterval: 1_000,
    // Two Authorization headers then become one that is no valid key, rather than the first one silently winning.
    joinDuplicateHeaders: true,
    // Checked in `serve`, whose refusal has the form of every other.
    requireHostHeader: false,
  };
  const fastify = Fastify({
    logger: false,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    requestIdHeader: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    keepAliveTimeout,
    // Bodies have a limit of their own between two chunks, since an import may well take hours.
    requestTimeout: 0,
    routerOptions: { maxParamLength: 4_096 },
    frameworkErrors: (error, request, reply) => refuse(error, request, reply),
    clientErrorHandler: answerUnreadable,
    http,
    // Requests are validated and answers written by our own code; the framework's compilers would only be loaded.
    schemaController: { compilersFactory: { buildValidator: unused, buildSerializer: unused } },
    ...(createServer === undefined
      ? {}
      : {
          // The framework leaves a server that it did not make as it is.
          serverFactory: (listener: RequestListener) =>
            createServer(listener, { ...http, keepAliveTimeout, requestTimeout: 0 }),
        }),
  });
  const door = { state: "starting" as "starting" | "open" | "stopping" };

  const answered = (
    request: FastifyRequest,
    response: ServerResponse,
    about: { operation?: OperationId; caller?: Caller; error?: unknown },
  ): void => {
    if (!request.raw.complete) slow.drain(request.raw);
    parts.onAnswered({
      operation: about.operation,
      method: request.method,
      path: about.operation === undefined ? pathOf(request.raw).slice(0, 200) : undefined,
      status: response.statusCode,
      durationMs: performance.now() - startedAt(response),
      requestId: request.id,
      traceId: traceIdOf(request.raw),
      clientAddress: clientAddress(request.raw, trustProxy),
      organizationId: about.caller?.organizationId || undefined,
      error: about.error,
    });
  };

  const actingRequest = (caller: Caller, request: FastifyRequest): ActingRequest => ({
    caller,
    requestId: request.id,
    clientAddress: clientAddress(request.raw, trustProxy),
    userAgent: request.raw.headers["user-agent"],
  });

  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    markStart(reply.raw);
    const answer = errorAnswer(error, request.id);
    reply.header("x-request-id", request.id);
    sendError(reply, answer);
    answered(request, reply.raw, answer.status >= 500 ? { error } : {});
  };

  const serve = async (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { operation, id } = endpoint;
    const response = reply.raw;
    let caller = nobody;
    markStart(response);
    reply.header("x-request-id", request.id);
    try {
      if (door.state !== "open" && !alwaysOpen.has(id)) refuseAtDoor(door.state, reply);
      if (request.raw.headers.host === undefined && request.raw.httpVersion === "1.1") {
        throw new Refusal("INVALID_REQUEST", "The Host header is missing.");
      }
      if (operation.access !== "public") {
        try {
          const found = parts.authenticator.authenticate(request.raw.headers.authorization);
          caller = found instanceof Promise ? await found : found;
        } catch (error) {
          // Only a failing attempt is counted and refused: whoever guesses keys cannot lock out those who have one.
          const isFailure = error instanceof Refusal && error.code === "AUTH_001";
          if (isFailure) obey(await parts.limits?.admitFailure?.(clientAddress(request.raw, trustProxy)), reply);
          throw error;
        }
        if (parts.limits?.admit !== undefined) {
          const admission = parts.limits.admit(caller, request.method);
          obey(admission instanceof Promise ? await admission : admission, reply);
        }
        if (operation.access === "key") caller = withPermissions(caller, endpoint.permissions);
      }
      const incoming = {
        message: request.raw,
        response,
        requestId: request.id,
        clientAddress: clientAddress(request.raw, trustProxy),
        params: request.params,
        query: request.query,
      };
      const work = (): Promise<Reply> => endpoint.call(caller, incoming);
      const acting = mayChange(operation) ? parts.acting : undefined;
      const answer = await (acting === undefined ? work() : acting.during(() => actingRequest(caller, request), work));
      if (response.destroyed) return answered(request, response, { operation: id, caller });
      if (door.state === "stopping") reply.header("connection", "close");
      await sendReply(reply, answer, operation.success.status);
      if (answer.chunks === undefined) return answered(request, response, { operation: id, caller });
      response.once("close", () => answered(request, response, { operation: id, caller }));
    } catch (error) {
      // Who left is told nothing, and that their question was ended is no failure.
      if (response.destroyed && error instanceof Refusal) return answered(request, response, { operation: id, caller });
      const answer = errorAnswer(error, request.id);
      if (!reply.sent) sendError(reply, answer);
      answered(request, response, { operation: id, caller, ...(answer.status >= 500 ? { error } : {}) });
    }
  };

  const showPage = async (
    dashboard: Dashboard,
    path: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> => {
    markStart(reply.raw);
    try {
      const found = await dashboard.answer(path, request.headers["accept-encoding"]?.toString());
      const answer = found ?? (isVisit(path, request.headers) ? dashboard.nowhere() : undefined);
      if (answer === undefined) return refuse(nothingAt(path, dashboard), request, reply);
      reply
        .code(found === undefined ? 404 : 200)
        .header("x-request-id", request.id)
        .headers(answer.headers)
        .send(answer.bytes);
      answered(request, reply.raw, {});
    } catch (error) {
      refuse(error, request, reply);
    }
  };

  // Every body goes past the framework untouched: the endpoint reads it as its route wants it.
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    fastify.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  }
  fastify.setErrorHandler((error, request, reply) => refuse(error, request, reply));

  const allowed = new Map<string, Set<string>>();
  for (const { id, operation, route } of paired(parts.routes, parts.operations ?? operations)) {
    const endpoint = new Endpoint(id, operation, route, slow, parts.once);
    const url = fullPath(operation);
    const methods = operation.method === "GET" ? ["GET", "HEAD"] : [operation.method];
    const known = allowed.get(url) ?? new Set(["OPTIONS"]);
    for (const method of methods) known.add(method);
    allowed.set(url, known);
    fastify.route({
      method: methods,
      url,
      handler: (request, reply) => {
        void serve(endpoint, request, reply);
      },
    });
  }
  // What lies beside an operation or a file is asked for by programs, whatever they accept.
  const forPrograms = new Set(["", "assets", ...[...allowed.keys()].map((url) => url.split("/")[1] ?? "")]);
  const isVisit = (path: string, { accept = "", ...headers }: FastifyRequest["headers"]): boolean =>
    accept.includes("text/html") &&
    (headers["sec-fetch-mode"] ?? "navigate") === "navigate" &&
    !forPrograms.has(path.split("/")[1] ?? "") &&
    !/\.[^/]*$/.test(path);
  const addresses = [...allowed].map(([url, methods]) => ({ pattern: patternOf(url), allow: [...methods].join(", ") }));
  fastify.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.raw);
    const allow = addresses.find((address) => address.pattern.test(path))?.allow;
    if (allow === undefined) {
      const isQuestion = request.method === "GET" || request.method === "HEAD";
      if (parts.dashboard === undefined || !isQuestion) return refuse(nothingAt(path, parts.dashboard), request, reply);
      void showPage(parts.dashboard, path, request, reply);
      return;
    }
    reply.header("allow", allow);
    if (request.method !== "OPTIONS") {
      return refuse(new Refusal("METHOD_NOT_ALLOWED", `This address allows: ${allow}.`), request, reply);
    }
    markStart(reply.raw);
    reply.code(204).header("x-request-id", request.id).send();
    answered(request, reply.raw, {});
  });
  fastify.addHook("onClose", async () => slow.stop());

  return {
    fastify,
    open: () => {
      door.state = "open";
    },
    beginStopping: () => {
      door.state = "stopping";
    },
  };
}

function nothingAt(path: string, dashboard: Dashboard | undefined): Refusal {
  const hint = path === "/" && dashboard === undefined ? " The dashboard is not built: npm run setup builds it." : "";
  return new Refusal("NOT_FOUND", `There is nothing at this address.${hint}`);
}

function refuseAtDoor(state: "starting" | "stopping", reply: FastifyReply): never {
  if (state === "stopping") reply.header("connection", "close");
  throw new Refusal("UNAVAILABLE", state === "starting" ? "The server is starting." : "The server is stopping.");
}

/** Whether the audit trail may tell of it. Recording usage is told by the ledger, and pays for nothing on its way there. */
const mayChange = ({ method, permission }: Operation): boolean => method !== "GET" && permission !== "usage:write";

/** Tells the client what is left of its limits, and stops a request that is beyond one. */
function obey(admission: Admission | undefined, reply: FastifyReply): void {
  if (admission === undefined) return;
  reply.headers(admission.headers);
  if (admission.refusal !== undefined) throw admission.refusal;
}

interface Paired {
  readonly id: OperationId;
  readonly operation: Operation;
  readonly route: Route<OperationId>;
}

/** The caller as the handler gets it: limited to the part of the records for which all the permissions hold. */
function withPermissions(caller: Caller, needed: readonly Permission[]): Caller {
  let records: RecordScope | undefined;
  for (const permission of needed) {
    if (!caller.permissions.has(permission)) throw missingPermissions(caller, needed);
    records = commonScope(records, caller.scopes?.get(permission));
  }
  return records === undefined ? caller : { ...caller, records };
}

function missingPermissions(caller: Caller, needed: readonly Permission[]): Refusal {
  const missing = needed.filter((permission) => !caller.permissions.has(permission));
  const what = `${missing.length === 1 ? "permission" : "permissions"} ${missing.join(" and ")}`;
  return new Refusal("AUTH_002", `This needs the ${what}, which the credential does not have.`);
}

function paired(domains: readonly Routes[], operations: Readonly<Record<OperationId, Operation>>): readonly Paired[] {
  const routes = new Map<string, Route<OperationId>>();
  for (const domain of domains) {
    for (const [id, route] of Object.entries(domain)) {
      if (!Object.hasOwn(operations, id)) throw new Error(`the route ${id} belongs to no operation`);
      if (routes.has(id)) throw new Error(`the operation ${id} has two routes`);
      routes.set(id, route as Route<OperationId>);
    }
  }
  const ids = Object.keys(operations) as OperationId[];
  const missing = ids.filter((id) => !routes.has(id));
  if (missing.length > 0) throw new Error(`operations without a route: ${missing.join(", ")}`);
  // Types ask for it as well, but a table that was put together otherwise must not open an address to every key.
  const open = ids.filter((id) => {
    const { access, permission } = operations[id];
    return (
      access !== "public" &&
      access !== "self" &&
      (permission === undefined ||
        !permissionsOf(operations[id]).every((needed) => Object.hasOwn(permissionMeanings, needed)))
    );
  });
  if (open.length > 0) throw new Error(`operations without a permission: ${open.join(", ")}`);
  return ids.map((id) => ({ id, operation: operations[id], route: routes.get(id) as Route<OperationId> }));
}

const pathOf = (message: IncomingMessage): string => (message.url ?? "/").split("?", 1)[0] ?? "/";

/** `/usage/:id` → an expression for its addresses. */
const patternOf = (url: string): RegExp =>
  new RegExp(`^${url.replace(/[.+*$^()[\]{}|\\]/g, "\\$&").replace(/:[A-Za-z_]+/g, "[^/]+")}$`);

const started = Symbol("started");
type Timed = ServerResponse & { [started]?: number };

function markStart(response: Timed): void {
  response[started] ??= performance.now();
}
const startedAt = (response: Timed): number => response[started] ?? performance.now();

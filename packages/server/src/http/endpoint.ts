import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { type Operation, type OperationId, type Permission, permissionsOf } from "@llm-cost-ops/contract";
import type { z } from "zod";
import { idempotencyKeyOf } from "../idempotency/idempotency-key.ts";
import type { Once } from "../idempotency/once.ts";
import { Refusal } from "../refusal.ts";
import { requireJson, requireOneOf } from "./media-type.ts";
import { readJson } from "./read-json.ts";
import { openBody, readBody } from "./request-body.ts";
import type { Caller, Reply, Route } from "./route.ts";
import type { SlowBodies } from "./slow-bodies.ts";
import { validated, validatedParams } from "./validate.ts";

/** What a handler is given, before the body. The signal is made when a handler first asks for it: most never do. */
class RequestParts {
  readonly caller: Caller;
  readonly requestId: string;
  readonly clientAddress: string | undefined;
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: IncomingMessage["headers"];
  readonly #response: ServerResponse;
  #signal: AbortSignal | undefined;
  body?: unknown;
  bytes?: Uint8Array;
  stream?: unknown;

  constructor(caller: Caller, incoming: Incoming, params: unknown, query: unknown) {
    const { response } = incoming;
    this.caller = caller;
    this.requestId = incoming.requestId;
    this.clientAddress = incoming.clientAddress;
    this.params = params;
    this.query = query;
    this.headers = response.req.headers;
    this.#response = response;
  }

  get signal(): AbortSignal {
    if (this.#signal !== undefined) return this.#signal;
    const controller = new AbortController();
    const response = this.#response;
    if (response.destroyed) controller.abort();
    response.once("close", () => {
      if (!response.writableFinished) controller.abort();
    });
    this.#signal = controller.signal;
    return this.#signal;
  }
}

interface Given {
  readonly value: unknown;
}
const noQuery: Given = { value: undefined };

/** An incoming request as the endpoint needs it. */
export interface Incoming {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly clientAddress: string | undefined;
  readonly params: unknown;
  readonly query: unknown;
}

/** An operation, its route, and everything about them that need not be worked out for each request. */
export class Endpoint {
  readonly id: OperationId;
  readonly operation: Operation;
  /** What a credential must be allowed to. */
  readonly permissions: readonly Permission[];
  readonly #route: Route<OperationId>;
  readonly #slow: SlowBodies;
  /** Absent where requests have no keys: a method that is the same the second time, or a caller of no organization. */
  readonly #once: Once | undefined;
  /** The value of an empty query string, so that the hot path validates nothing. */
  readonly #emptyQuery: () => Given | undefined;
  /** What an absent body stands for, where the schema allows an object without any field. */
  readonly #emptyBody: () => Given | undefined;

  constructor(id: OperationId, operation: Operation, route: Route<OperationId>, slow: SlowBodies, once?: Once) {
    this.id = id;
    this.operation = operation;
    this.permissions = permissionsOf(operation);
    this.#route = route;
    this.#slow = slow;
    this.#once = operation.method === "POST" && operation.access !== "public" ? once : undefined;
    const { query, body } = operation;
    this.#emptyQuery = query === undefined ? () => noQuery : ofNothing(query);
    this.#emptyBody = body === undefined ? () => undefined : ofNothing(body);
  }

  /** Checks the request against the contract and hands it to the route. Refusals are thrown, now or later. */
  call(caller: Caller, incoming: Incoming): Promise<Reply> {
    const { headers } = incoming.message;
    if (this.#once !== undefined && headers["idempotency-key"] !== undefined) {
      return this.#callOnce(this.#once, caller, incoming);
    }
    return this.#call(caller, incoming);
  }

  /** The body comes first, since the key stands for it as well. */
  async #callOnce(once: Once, caller: Caller, incoming: Incoming): Promise<Reply> {
    const { message, requestId } = incoming;
    const key = idempotencyKeyOf(message.headers);
    if (key === undefined) return this.#call(caller, incoming);
    this.#requireMediaType(message);
    const body = this.#route.body === "stream" ? openBody(message, this.#slow) : await readBody(message, this.#slow);
    const { tag, success } = this.operation;
    const request = {
      key,
      caller,
      operation: { id: this.id, tag, successStatus: success.status },
      url: message.url ?? "",
      authorization: message.headers.authorization,
      requestId,
      body,
    };
    return once.answer(request, async (source) => this.#call(caller, incoming, source));
  }

  #call(caller: Caller, incoming: Incoming, body?: Uint8Array | Readable): Promise<Reply> {
    const { operation } = this;
    const parts = new RequestParts(
      caller,
      incoming,
      operation.params === undefined ? undefined : validatedParams(operation.params, incoming.params),
      this.#query(incoming.query),
    );
    if (operation.access !== "public") requireOwnOrganization(caller, parts.query);
    return this.#handle(parts, incoming.message, body);
  }

  #query(given: unknown): unknown {
    const isEmpty = given === null || typeof given !== "object" || isEmptyObject(given);
    if (isEmpty) {
      const empty = this.#emptyQuery();
      if (empty !== undefined) return empty.value;
    }
    const { query, access } = this.operation;
    if (query !== undefined) return validated(query, given, "query");
    // A probe may add what it likes to a public address; elsewhere an unknown field is a mistake that must show.
    if (access === "public") return undefined;
    const names = Object.keys(given as object).slice(0, 100);
    throw new Refusal("VALIDATION_ERROR", "This address takes no query.", {
      fieldErrors: Object.fromEntries(names.map((name) => [name.slice(0, 256), "is not a known field"])),
    });
  }

  #requireMediaType(message: IncomingMessage): void {
    const contentType = message.headers["content-type"];
    const { operation } = this;
    if (operation.rawBody !== undefined) requireOneOf(operation.rawBody, contentType);
    else if (operation.body !== undefined) requireJson(contentType);
  }

  /** `given` is the body where it was opened already. */
  #handle(parts: RequestParts, message: IncomingMessage, given: Uint8Array | Readable | undefined): Promise<Reply> {
    // The table's types tie each handler to its operation; here, where all operations meet, they are one shape.
    const handle = this.#route.handle as (request: unknown) => Promise<Reply>;
    this.#requireMediaType(message);
    const whole = (): Promise<Uint8Array> =>
      given instanceof Uint8Array ? Promise.resolve(given) : readBody(message, this.#slow);
    switch (this.#route.body) {
      case "bytes":
        return whole().then((bytes) => {
          parts.bytes = bytes;
          return handle(parts);
        });
      case "stream":
        parts.stream = given ?? openBody(message, this.#slow);
        return handle(parts);
      case "json": {
        const { body } = this.operation;
        if (body === undefined) return handle(parts);
        return whole().then((bytes) => {
          parts.body = this.#body(body, bytes);
          if (this.operation.access !== "public") requireOwnOrganization(parts.caller, parts.body);
          return handle(parts);
        });
      }
    }
  }

  #body(schema: z.ZodType, bytes: Uint8Array): unknown {
    if (bytes.byteLength === 0) {
      const empty = this.#emptyBody();
      if (empty !== undefined) return empty.value;
    }
    return validated(schema, readJson(bytes));
  }
}

/**
 * What a schema makes of an object without fields, undefined where it takes none: worked out when the first request asks,
 * since a single command uses one operation of all and a schema is compiled with its first value.
 */
function ofNothing(schema: z.ZodType): () => Given | undefined {
  let known: { readonly given: Given | undefined } | undefined;
  return () => {
    if (known === undefined) {
      const parsed = schema.safeParse({});
      known = { given: parsed.success ? { value: parsed.data } : undefined };
    }
    return known.given;
  };
}

function isEmptyObject(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

/** The organization comes from the credential; a request may name it, and then must name the same one. */
function requireOwnOrganization(caller: Caller, value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const named = (value as { organization_id?: unknown }).organization_id;
  if (named !== undefined && named !== caller.organizationId) {
    throw new Refusal("AUTH_002", "The request names another organization than its API key belongs to.", {
      fieldErrors: { organization_id: "must be the organization of the API key, or absent" },
    });
  }
  const filters = (value as { filters?: unknown }).filters;
  if (Array.isArray(filters)) for (const filter of filters) requireOwnOrganization(caller, filter);
}

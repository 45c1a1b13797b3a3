import type { Readable } from "node:stream";
import type { KeptQuantityLimits, Operation, OperationId, operations, Permission } from "@llm-cost-ops/contract";
import type { z } from "zod";
import type { RecordScope } from "../identity/record-scope.ts";

type Operations = typeof operations;
type Parsed<Id extends OperationId, Part extends "params" | "query" | "body"> = Operations[Id] extends {
  readonly [P in Part]: infer Schema extends z.ZodType;
}
  ? z.output<Schema>
  : undefined;

/** Whose credential a request came with. `nobody` stands where an address needs none. */
export type Principal =
  | { readonly kind: "key" | "process" | "nobody"; readonly id: string; readonly name: string }
  /** The name of a user is the e-mail. */
  | { readonly kind: "user"; readonly id: string; readonly name: string; readonly sessionId: string };

/** Who asks: taken from the credential alone. */
export interface Caller {
  readonly organizationId: string;
  readonly principal: Principal;
  readonly permissions: ReadonlySet<Permission>;
  /** UTC milliseconds from which on the key is refused; absent where it has no end, and of users, whose accounts have none. */
  readonly expiresAtMs?: number;
  /** What a key may use of tokens and money by itself; absent where it has no such limits. */
  readonly limits?: KeptQuantityLimits;
  /** Of each permission that holds for a part of the records alone, that part; absent where none is limited. */
  readonly scopes?: ReadonlyMap<Permission, RecordScope>;
  /** The part of the records for which the permission of this request holds; every record where absent. */
  readonly records?: RecordScope;
}

/** The API key that asks; null of users and of the process itself. */
export const apiKeyIdOf = ({ principal }: Pick<Caller, "principal">): string | null =>
  principal.kind === "key" ? principal.id : null;

interface RequestParts<Id extends OperationId> {
  readonly caller: Caller;
  readonly requestId: string;
  /** Undefined within the process and where the connection has gone. */
  readonly clientAddress: string | undefined;
  readonly params: Parsed<Id, "params">;
  readonly query: Parsed<Id, "query">;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

export interface Reply {
  /** The operation's success status if absent. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** A value to be sent as JSON, bytes or text to be sent as they are, or chunks to be streamed with backpressure. */
  readonly json?: unknown;
  readonly bytes?: Uint8Array | string;
  readonly chunks?: AsyncIterable<string | Uint8Array>;
  readonly contentType?: string;
  /** Cuts the connection of chunks that nobody takes. */
  readonly cut?: AbortSignal;
}

/**
 * The ways to serve an operation: `json` gets the body parsed and validated by the contract; `bytes` gets it raw and
 * whole (the hot path parses on the writer thread); `stream` gets it as it arrives, already unzipped.
 */
export type Route<Id extends OperationId> =
  | {
      readonly body: "json";
      readonly handle: (request: RequestParts<Id> & { readonly body: Parsed<Id, "body"> }) => Promise<Reply>;
    }
  | {
      readonly body: "bytes";
      readonly handle: (request: RequestParts<Id> & { readonly bytes: Uint8Array }) => Promise<Reply>;
    }
  | {
      readonly body: "stream";
      readonly handle: (request: RequestParts<Id> & { readonly stream: Readable }) => Promise<Reply>;
    };

/** The routes of one domain folder. All domains together must cover every operation, or the server refuses to start. */
export type Routes = { readonly [Id in OperationId]?: Route<Id> };

export type AnyOperation = Operation;
